/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "ctl/chrony-import.h"
#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/json.h"

static GVariant *
notes_to_variant(const GPtrArray *notes)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < notes->len; i++) {
        const VtChronyNote *note = notes->pdata[i];
        GVariantDict dict;
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "line", "u", note->line);
        g_variant_dict_insert(&dict, "text", "s", note->text);
        g_variant_dict_insert(&dict, "reason", "s", note->reason);
        g_variant_builder_add_value(&builder, g_variant_dict_end(&dict));
    }
    return g_variant_builder_end(&builder);
}

static char *
format_json(const VtChronyImport *import)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "agent-conf", "s", import->agent->str);
    g_variant_dict_insert(&dict, "hostd-conf", "s", import->hostd->str);
    g_variant_dict_insert_value(&dict, "left-out", notes_to_variant(import->notes));
    g_autoptr(GVariant) facts = g_variant_ref_sink(g_variant_dict_end(&dict));
    return vt_json_from_answer(facts);
}

static void
append_file(GString *output, const char *name, const GString *content)
{
    if (content->len == 0)
        return;
    g_string_append_printf(output, "%s# %s/%s\n%s", output->len > 0 ? "\n" : "", VT_CONFIG_DIR,
                           name, content->str);
}

static char *
format_text(const VtChronyImport *import)
{
    GString *output = g_string_new(NULL);

    append_file(output, "agent.conf", import->agent);
    append_file(output, "hostd.conf", import->hostd);
    if (import->notes->len > 0)
        g_string_append_printf(output, "%s# Left out:\n", output->len > 0 ? "\n" : "");
    for (guint i = 0; i < import->notes->len; i++) {
        const VtChronyNote *note = import->notes->pdata[i];
        g_autofree char *text = vt_escape_text(note->text);
        g_string_append_printf(output, "#   line %u, '%s': %s\n", note->line, text,
                               note->reason);
    }
    return g_string_free(output, FALSE);
}

static char *
run_import(const VtRequest *request, GError **error)
{
    g_autofree char *text = NULL;
    size_t n_bytes = 0;
    g_autoptr(GError) problem = NULL;

    if (!g_file_get_contents(request->word, &text, &n_bytes, &problem)) {
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND, "%s", problem->message);
        return NULL;
    }
    g_autoptr(VtChronyImport) import = vt_chrony_import_new(text, n_bytes);
    return request->json ? format_json(import) : format_text(import);
}

const VtCommand vt_command_import_chrony = {
    .name = "import-chrony",
    .side = VT_SIDE_AGENT,
    .word = "FILE",
    .summary = "translate a chrony.conf into settings of virt-time",
    .help =
        "Prints what would stand in agent.conf and in hostd.conf, and as comments each line of\n"
        "FILE that became no setting, with the reason. Nothing is written, nobody is asked.\n"
        "With --json: an object of agent-conf, hostd-conf and left-out, an array of line, text\n"
        "and reason.\n",
    .run = run_import,
};
