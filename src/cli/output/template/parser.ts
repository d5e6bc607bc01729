/** Tokens → tree, with the checks and texts of Go's text/template/parse. */
import { functionNames } from "./function-names.ts";
import { type Token, type TokenKind, tokenize } from "./lexer.ts";
import { type Branch, type Command, type Node, type Operand, type Pipeline, source } from "./nodes.ts";
import { parseNumber } from "./number-literal.ts";
import { goQuote, goUnquote } from "./quote.ts";
import { templateError } from "./template-error.ts";

/** A template and what it defines by name. */
export interface ParsedTemplate {
  readonly source: string;
  readonly body: readonly Node[];
  readonly definitions: ReadonlyMap<string, readonly Node[]>;
}

/** Blocks and parentheses in each other; far above any use, far below the stack. */
const maximumNesting = 500;

/** Throws a template error (`template: :1: …`). */
export function parse(text: string): ParsedTemplate {
  const parser = new Parser(text);
  const body = parser.template();
  return { source: text, body, definitions: parser.definitions };
}

const operandKinds: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "bool",
  "char",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "raw-string",
  "string",
  "variable",
  "open",
]);

class Parser {
  readonly definitions = new Map<string, readonly Node[]>();
  private readonly tokens: readonly Token[];
  private index = 0;
  private variables: string[] = ["$"];
  private rangeDepth = 0;
  private nesting = 0;

  constructor(private readonly text: string) {
    this.tokens = tokenize(text);
  }

  template(): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      if (this.peek().kind === "eof") return nodes;
      if (this.peek().kind === "left" && this.isKeywordAfterDelimiter("define")) {
        this.definition();
        continue;
      }
      const node = this.textOrAction();
      if (node === "end" || node === "else") throw this.fault(`unexpected {{${node}}}`);
      nodes.push(node);
    }
  }

  private isKeywordAfterDelimiter(keyword: string): boolean {
    let i = this.index + 1;
    while (this.tokens[i]?.kind === "space") i++;
    const token = this.tokens[i];
    return token?.kind === "keyword" && token.text === keyword;
  }

  private fault(message: string, token: Token = this.tokens[Math.max(this.index - 1, 0)]!): Error {
    const line = this.text.slice(0, token.offset).split("\n").length;
    return templateError(`template: :${line}: ${message}`);
  }

  private unexpected(token: Token, context: string): Error {
    if (token.kind === "error") return this.fault(token.text, token);
    return this.fault(`unexpected ${describe(token)} in ${context}`, token);
  }

  private peek(): Token {
    return this.tokens[this.index] ?? this.tokens[this.tokens.length - 1]!;
  }

  private next(): Token {
    const token = this.peek();
    this.index++;
    return token;
  }

  private nextNonSpace(): Token {
    while (this.peek().kind === "space") this.index++;
    return this.next();
  }

  private peekNonSpace(): Token {
    while (this.peek().kind === "space") this.index++;
    return this.peek();
  }

  private expect(kind: TokenKind, context: string): Token {
    const token = this.nextNonSpace();
    if (token.kind !== kind) throw this.unexpected(token, context);
    return token;
  }

  /** Runs `read` one level deeper. */
  private nested<T>(read: () => T): T {
    if (++this.nesting > maximumNesting) throw this.fault(`nested more than ${maximumNesting} levels deep`);
    const result = read();
    this.nesting--;
    return result;
  }

  private definition(): void {
    const left = this.next();
    this.nextNonSpace();
    const name = this.stringLiteral("define clause");
    this.expect("right", "define clause");
    const outer = { variables: this.variables, rangeDepth: this.rangeDepth };
    this.variables = ["$"];
    this.rangeDepth = 0;
    const { nodes, ended } = this.nodesUntilEnd();
    if (ended !== "end") throw this.fault(`unexpected {{${ended}}} in define clause`, left);
    this.variables = outer.variables;
    this.rangeDepth = outer.rangeDepth;
    this.define(name, nodes);
  }

  /** A definition that is only white space does not replace one that is there. */
  private define(name: string, nodes: readonly Node[]): void {
    const isEmpty = nodes.every((node) => node.kind === "text" && node.text.trim() === "");
    if (isEmpty && this.definitions.has(name)) return;
    const previous = this.definitions.get(name);
    if (
      previous !== undefined &&
      !previous.every((node) => node.kind === "text" && node.text.trim() === "")
    ) {
      throw this.fault(`template: multiple definition of template ${goQuote(name)}`);
    }
    this.definitions.set(name, nodes);
  }

  private stringLiteral(context: string): string {
    const token = this.nextNonSpace();
    if (token.kind === "raw-string") return token.text.slice(1, -1);
    if (token.kind !== "string") throw this.unexpected(token, context);
    return this.unquote(token);
  }

  private unquote(token: Token): string {
    const value = goUnquote(token.text);
    if (value === undefined) throw this.fault("invalid syntax", token);
    return value;
  }

  private nodesUntilEnd(): { nodes: Node[]; ended: "end" | "else" } {
    return this.nested(() => {
      const nodes: Node[] = [];
      while (this.peekNonSpace().kind !== "eof") {
        const node = this.textOrAction();
        if (node === "end" || node === "else") return { nodes, ended: node };
        nodes.push(node);
      }
      throw this.fault("unexpected EOF", this.peek());
    });
  }

  private textOrAction(): Node | "end" | "else" {
    const token = this.nextNonSpace();
    if (token.kind === "text") return { kind: "text", text: token.text, offset: token.offset };
    if (token.kind !== "left") throw this.unexpected(token, "input");
    const first = this.nextNonSpace();
    if (first.kind !== "keyword") {
      this.index--;
      const pipeline = this.pipeline("command", "right", this.peek().offset);
      return { kind: "action", pipeline, offset: first.offset };
    }
    switch (first.text) {
      case "if":
      case "with":
      case "range":
        return this.branch(first.text, first.offset);
      case "block":
        return this.block(first);
      case "template":
        return this.invocation();
      case "break":
      case "continue":
        return this.loopControl(first.text, first);
      case "end":
        this.expect("right", "end");
        return "end";
      case "else":
        // {{else if}} and {{else with}} leave their keyword for the branch to read.
        if (this.peekNonSpace().kind !== "keyword") this.expect("right", "else");
        return "else";
      default:
        throw this.unexpected(first, "command");
    }
  }

  private loopControl(kind: "break" | "continue", token: Token): Node {
    const after = this.nextNonSpace();
    if (after.kind !== "right") throw this.unexpected(after, `{{${kind}}}`);
    if (this.rangeDepth === 0) throw this.fault(`{{${kind}}} outside {{range}}`);
    return { kind, offset: token.offset };
  }

  private branch(kind: "if" | "with" | "range", offset: number): Branch {
    const scope = this.variables.length;
    const pipeline = this.pipeline(kind, "right", this.peek().offset);
    if (kind === "range") this.rangeDepth++;
    const { nodes: body, ended } = this.nodesUntilEnd();
    if (kind === "range") this.rangeDepth--;
    let otherwise: readonly Node[] = [];
    if (ended === "else") otherwise = this.otherwise(kind);
    this.variables.length = scope;
    return { kind, pipeline, body, otherwise, offset };
  }

  private otherwise(kind: "if" | "with" | "range"): readonly Node[] {
    const token = this.peekNonSpace();
    const chained = token.kind === "keyword" && token.text === kind && kind !== "range";
    if (chained) {
      this.next();
      return this.nested(() => [this.branch(kind, token.offset)]);
    }
    if (token.kind === "keyword" && this.tokens[this.index - 1]?.kind !== "right") {
      const before = this.tokens.slice(0, this.index).findLast((item) => item.kind !== "space");
      if (before?.kind === "keyword" && before.text === "else") throw this.unexpected(token, "input");
    }
    const { nodes, ended } = this.nodesUntilEnd();
    if (ended === "else") throw this.fault("expected end; found {{else}}");
    return nodes;
  }

  private block(token: Token): Node {
    const name = this.stringLiteral("block clause");
    const pipeline = this.pipeline("block clause", "right", this.peek().offset);
    const outer = { variables: this.variables, rangeDepth: this.rangeDepth };
    this.variables = ["$"];
    this.rangeDepth = 0;
    const { nodes, ended } = this.nodesUntilEnd();
    if (ended !== "end") throw this.fault("unexpected {{else}} in block clause");
    this.variables = outer.variables;
    this.rangeDepth = outer.rangeDepth;
    this.define(name, nodes);
    return { kind: "template", name, pipeline, offset: token.offset };
  }

  private invocation(): Node {
    const { offset } = this.peekNonSpace();
    const name = this.stringLiteral("template clause");
    let pipeline: Pipeline | undefined;
    if (this.nextNonSpace().kind !== "right") {
      this.index--;
      pipeline = this.pipeline("template clause", "right", this.peek().offset);
    }
    return { kind: "template", name, pipeline, offset };
  }

  private pipeline(context: string, end: "right" | "close", offset: number): Pipeline {
    const { variables, assigns } = this.declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.nextNonSpace();
      if (token.kind === end) {
        this.checkPipeline(commands, context);
        return { variables, assigns, commands, offset };
      }
      if (!operandKinds.has(token.kind)) throw this.unexpected(token, context);
      this.index--;
      commands.push(this.command());
    }
  }

  private declarations(context: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = [];
    for (;;) {
      const start = this.index;
      const token = this.peekNonSpace();
      if (token.kind !== "variable") {
        this.index = start;
        return { variables, assigns: false };
      }
      this.next();
      const after = this.peekNonSpace();
      if (after.kind === "declare" || after.kind === "assign") {
        this.next();
        variables.push(token.text);
        if (after.kind === "declare") this.variables.push(token.text);
        return { variables, assigns: after.kind === "assign" };
      }
      if (after.kind === "comma") {
        if (context !== "range" || variables.length > 0) {
          throw this.fault(`too many declarations in ${context}`, after);
        }
        const second = this.declarationAfterComma(start, context);
        if (second === undefined) return { variables: [], assigns: false };
        variables.push(token.text);
        if (second.declares) this.variables.push(token.text);
        continue;
      }
      this.index = start;
      return { variables, assigns: false };
    }
  }

  /** After `$i,` of a range there must be `$e :=` or `$e =`. */
  private declarationAfterComma(_start: number, context: string): { declares: boolean } | undefined {
    this.next();
    const mark = this.index;
    const variable = this.peekNonSpace();
    if (variable.kind !== "variable") throw this.fault(`range can only initialize variables`, variable);
    this.next();
    const operator = this.peekNonSpace();
    this.index = mark;
    if (operator.kind === "comma") throw this.fault(`too many declarations in ${context}`, operator);
    return { declares: operator.kind === "declare" };
  }

  private undefinedVariable(token: Token): Error {
    return this.fault(`undefined variable ${goQuote(token.text)}`, token);
  }

  private checkPipeline(commands: readonly Command[], context: string): void {
    if (commands.length === 0) throw this.fault(`missing value for ${context}`);
    commands.slice(1).forEach((command, i) => {
      const kind = command.operands[0]?.kind;
      if (kind === "bool" || kind === "dot" || kind === "nil" || kind === "number" || kind === "string") {
        throw this.fault(`non executable command in pipeline stage ${i + 2}`);
      }
    });
  }

  private command(): Command {
    const offset = this.peekNonSpace().offset;
    const operands: Operand[] = [];
    for (;;) {
      const operand = this.operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.next();
      if (token.kind === "space") continue;
      if (token.kind === "right" || token.kind === "close") {
        this.index--;
        break;
      }
      if (token.kind === "pipe") break;
      throw this.unexpected(token, "operand");
    }
    if (operands.length === 0) throw this.fault("empty command");
    return { operands, offset };
  }

  /** A term and the fields that are asked of it. */
  private operand(): Operand | undefined {
    const term = this.term();
    if (term === undefined || this.peek().kind !== "field") return term;
    const offset = this.peek().offset;
    const path: string[] = [];
    while (this.peek().kind === "field") path.push(this.next().text.slice(1));
    switch (term.kind) {
      case "field":
        return { ...term, path: [...term.path, ...path], offset };
      case "variable":
        return { ...term, path: [...term.path, ...path], offset };
      case "bool":
      case "string":
      case "number":
      case "nil":
      case "dot": {
        throw this.fault(`unexpected . after term ${goQuote(source(term))}`);
      }
      default:
        return { kind: "chain", of: term, path, offset };
    }
  }

  private term(): Operand | undefined {
    const token = this.peekNonSpace();
    const { offset, text } = token;
    if (!operandKinds.has(token.kind)) return undefined;
    this.next();
    switch (token.kind) {
      case "identifier":
        if (!functionNames.has(text)) throw this.fault(`function ${goQuote(text)} not defined`, token);
        return { kind: "function", name: text, offset };
      case "dot":
        return { kind: "dot", offset };
      case "nil":
        return { kind: "nil", offset };
      case "bool":
        return { kind: "bool", value: text === "true", offset };
      case "variable":
        if (!this.variables.includes(text)) throw this.undefinedVariable(token);
        return { kind: "variable", name: text, path: [], offset };
      case "field":
        return { kind: "field", path: [text.slice(1)], offset };
      case "string":
        return { kind: "string", value: this.unquote(token), quoted: text, offset };
      case "raw-string":
        return { kind: "string", value: text.slice(1, -1), quoted: text, offset };
      case "char": {
        const value = goUnquote(text);
        if (value === undefined || [...value].length !== 1) {
          throw this.fault(`malformed character constant: ${text}`, token);
        }
        return { kind: "number", value: value.codePointAt(0)!, float: false, text, offset };
      }
      case "number": {
        const number = parseNumber(text);
        if (number === undefined) {
          const what = /^[+-]?\d+$/.test(text) ? "integer overflow" : "illegal number syntax";
          throw this.fault(`${what}: ${goQuote(text)}`, token);
        }
        return { kind: "number", ...number, text, offset };
      }
      default: {
        const pipeline = this.nested(() =>
          this.pipeline("parenthesized pipeline", "close", this.peek().offset),
        );
        return { kind: "pipeline", pipeline, offset };
      }
    }
  }
}

/** A token as Go's messages show it. */
function describe(token: Token): string {
  if (token.kind === "eof") return "EOF";
  if (token.kind === "keyword" || token.kind === "dot" || token.kind === "nil") return `<${token.text}>`;
  const characters = [...token.text];
  return characters.length > 10 ? `${goQuote(characters.slice(0, 10).join(""))}...` : goQuote(token.text);
}
