/** The tree of a parsed template: plain data. `offset` is an index into the template's text, for messages. */

interface At {
  readonly offset: number;
}

export type Operand =
  | ({ readonly kind: "dot" } & At)
  | ({ readonly kind: "nil" } & At)
  | ({ readonly kind: "bool"; readonly value: boolean } & At)
  | ({ readonly kind: "string"; readonly value: string; readonly quoted: string } & At)
  /** `constant`: an integer (number or bigint), or `float` for what is written with a point or an exponent. */
  | ({
      readonly kind: "number";
      readonly value: number | bigint;
      readonly float: boolean;
      readonly text: string;
    } & At)
  | ({ readonly kind: "field"; readonly path: readonly string[] } & At)
  | ({ readonly kind: "variable"; readonly name: string; readonly path: readonly string[] } & At)
  | ({ readonly kind: "function"; readonly name: string } & At)
  | ({ readonly kind: "chain"; readonly of: Operand; readonly path: readonly string[] } & At)
  | ({ readonly kind: "pipeline"; readonly pipeline: Pipeline } & At);

export interface Command extends At {
  readonly operands: readonly Operand[];
}

export interface Pipeline extends At {
  /** `$x :=` declares, `$x =` assigns. */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Branch extends At {
  readonly kind: "if" | "with" | "range";
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

export type Node =
  | ({ readonly kind: "text"; readonly text: string } & At)
  | ({ readonly kind: "action"; readonly pipeline: Pipeline } & At)
  | Branch
  | ({ readonly kind: "break" } & At)
  | ({ readonly kind: "continue" } & At)
  | ({ readonly kind: "template"; readonly name: string; readonly pipeline: Pipeline | undefined } & At);

/** How an operand or command is written, for the `at <…>` of messages. */
export function source(node: Operand | Command | Pipeline): string {
  if ("operands" in node) return node.operands.map(operandSource).join(" ");
  if ("commands" in node) {
    const variables = node.variables.join(", ");
    const commands = node.commands.map(source).join(" | ");
    return variables === "" ? commands : `${variables} ${node.assigns ? "=" : ":="} ${commands}`;
  }
  return operandSource(node);
}

function operandSource(node: Operand): string {
  const fields = (path: readonly string[]) => path.map((name) => `.${name}`).join("");
  switch (node.kind) {
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "bool":
      return String(node.value);
    case "string":
      return node.quoted;
    case "number":
      return node.text;
    case "field":
      return fields(node.path);
    case "variable":
      return node.name + fields(node.path);
    case "function":
      return node.name;
    case "chain":
      return (node.of.kind === "pipeline" ? operandSource(node.of) : source(node.of)) + fields(node.path);
    case "pipeline":
      return `(${source(node.pipeline)})`;
  }
}
