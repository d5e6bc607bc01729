import { goJson } from "../output/go-json.ts";
import { parseTemplate } from "../output/template/template.ts";
import { isTemplateError } from "../output/template/template-error.ts";
import { typedDocument } from "../output/template/typed-document.ts";

export type InspectedObject = Readonly<Record<string, unknown>>;

export interface Inspection {
  /** May throw a template error; the object then is not part of the text. */
  add(object: InspectedObject): void;
  /** Everything added, as it is to be printed. */
  text(): string;
}

/**
 * How `inspect` prints: an indented JSON array, a compact one for `json`, else one line per object from a Go template
 * (docker/cli inspect/inspector.go). Throws a template error when the template cannot be parsed.
 */
export function inspection(format: string): Inspection {
  if (format === "" || format === "json") {
    const objects: InspectedObject[] = [];
    const options = { escapeHtml: false, indent: format === "json" ? "" : "    " };
    return {
      add: (object) => void objects.push(object),
      text: () => `${goJson(objects, options)}\n`,
    };
  }
  const template = parseTemplate(format);
  let lines = "";
  return {
    add(object) {
      lines += `${executeOn(template, object)}\n`;
    },
    // Docker ends an empty answer with a line, too.
    text: () => (lines === "" ? "\n" : lines),
  };
}

/** Docker asks its typed object first, which knows `.ID`, and then the JSON document, which knows `.Id`. */
function executeOn(template: ReturnType<typeof parseTemplate>, object: InspectedObject): string {
  try {
    return template.execute(typedDocument(object), { missing: "error" });
  } catch (error) {
    if (!isTemplateError(error)) throw error;
    return template.execute(object, { missing: "error" });
  }
}
