/** The tree and a value → text, by the rules of Go's text/template. */
import type { FunctionTable, ParameterType, TemplateFunction } from "./functions.ts";
import { type Branch, type Command, type Node, type Operand, type Pipeline, source } from "./nodes.ts";
import type { ParsedTemplate } from "./parser.ts";
import { formatValue } from "./printf.ts";
import { goQuote } from "./quote.ts";
import { FunctionFault, templateError } from "./template-error.ts";
import {
  entriesOf,
  GoFloat,
  GoMap,
  GoStruct,
  hasEntry,
  isTrue,
  itemsOf,
  kindOf,
  sortedKeys,
  TypedNil,
  typeName,
} from "./values.ts";

export interface ExecuteOptions {
  /**
   * A field that a plain object has not: `novalue` prints `<no value>` (Go's default for maps), `error` refuses it
   * (`map has no entry for key`). A `GoStruct` always refuses, a `GoMap` never.
   */
  readonly missing?: "error" | "novalue";
  readonly functions: FunctionTable;
}

const maximumTemplateDepth = 1000;
/** Nodes evaluated by one execution; templates that define each other could otherwise run for ever. */
const maximumSteps = 5_000_000;
const maximumOutput = 256 * 1024 * 1024;

/** What follows a field in a command; evaluated only by a method that wants it. */
interface Arguments {
  readonly count: number;
  values(): unknown[];
}
const noArguments: Arguments = { count: 0, values: () => [] };

const maximumInt = 0x7fff_ffff_ffff_ffffn;

type Position = Operand | Command | Pipeline | Node;
/** How a list of nodes ended. */
type Flow = "next" | "break" | "continue";
/** Marks the first command of a pipeline, which gets no final argument. */
const none = Symbol("none");

/** Throws a template error (`template: :1:2: executing "" at <.X>: …`). */
export function execute(template: ParsedTemplate, value: unknown, options: ExecuteOptions): string {
  return new Execution(template, options).run(value);
}

class Execution {
  private readonly output: string[] = [];
  private written = 0;
  private steps = 0;
  private depth = 0;
  private name = "";
  private current: Position = { kind: "dot", offset: 0 };
  private variables: { readonly name: string; value: unknown }[] = [];

  constructor(
    private readonly template: ParsedTemplate,
    private readonly options: ExecuteOptions,
  ) {}

  run(value: unknown): string {
    this.variables = [{ name: "$", value }];
    this.walkList(this.template.body, value);
    return this.output.join("");
  }

  /** Go names the node that it evaluated last where none is given. */
  private fault(given: Position | undefined, message: string): Error {
    const at = given ?? this.current;
    const before = this.template.source.slice(0, at.offset);
    const line = before.split("\n").length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf("\n") + 1));
    const shown = this.shownSource(at);
    const where = `template: :${line}:${column}: executing ${goQuote(this.name)} at <${shown}>`;
    return templateError(`${where}: ${message}`);
  }

  private shownSource(at: Position): string {
    if ("operands" in at || "commands" in at) return source(at);
    switch (at.kind) {
      case "text":
      case "break":
      case "continue":
        return `{{${at.kind}}}`;
      case "action":
      case "if":
      case "with":
      case "range":
        return source(at.pipeline);
      case "template":
        return `{{template ${goQuote(at.name)}${at.pipeline === undefined ? "" : ` ${source(at.pipeline)}`}}}`;
      default:
        return source(at);
    }
  }

  private step(at: Position): void {
    this.current = at;
    if (++this.steps > maximumSteps) throw this.fault(at, `exceeded the limit of ${maximumSteps} steps`);
  }

  private write(at: Position, text: string): void {
    this.written += text.length;
    if (this.written > maximumOutput) throw this.fault(at, "the output is too long");
    this.output.push(text);
  }

  private walkList(nodes: readonly Node[], dot: unknown): Flow {
    for (const node of nodes) {
      const flow = this.walk(node, dot);
      if (flow !== "next") return flow;
    }
    return "next";
  }

  /** Runs `body` with its own variables. */
  private scoped<T>(body: () => T): T {
    const mark = this.variables.length;
    const result = body();
    this.variables.length = mark;
    return result;
  }

  private walk(node: Node, dot: unknown): Flow {
    this.step(node);
    switch (node.kind) {
      case "text":
        this.write(node, node.text);
        return "next";
      case "action": {
        const value = this.evalPipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.write(node, this.printed(node, value));
        return "next";
      }
      case "if":
      case "with":
        return this.scoped(() => {
          const value = this.evalPipeline(node.pipeline, dot);
          if (isTrue(value)) return this.walkList(node.body, node.kind === "with" ? value : dot);
          return this.walkList(node.otherwise, dot);
        });
      case "range":
        return this.scoped(() => this.range(node, dot));
      case "template":
        this.invoke(node, dot);
        return "next";
      case "break":
      case "continue":
        return node.kind;
    }
  }

  private printed(at: Position, value: unknown): string {
    if (value === undefined) return "<no value>";
    if (typeof value === "function")
      throw this.fault(at, `can't print ${source((at as { pipeline: Pipeline }).pipeline)}`);
    return formatValue(value);
  }

  private range(node: Branch, dot: unknown): Flow {
    const value = this.evalPipeline(node.pipeline, dot, true);
    const { variables, assigns } = node.pipeline;
    const mark = this.variables.length;
    const once = (key: unknown, item: unknown): Flow => {
      this.step(node);
      const [first, second] = variables;
      if (first !== undefined) this.setVariable(first, second === undefined ? item : key, assigns);
      if (second !== undefined) this.setVariable(second, item, assigns);
      const flow = this.walkList(node.body, item);
      this.variables.length = mark;
      return flow;
    };
    const pairs = this.rangePairs(node, value);
    let any = false;
    for (const [key, item] of pairs) {
      any = true;
      if (once(key, item) === "break") return "next";
    }
    return any ? "next" : this.walkList(node.otherwise, dot);
  }

  private *rangePairs(node: Branch, value: unknown): Generator<[unknown, unknown]> {
    switch (kindOf(value)) {
      case "list":
        yield* itemsOf(value).entries();
        return;
      case "map": {
        const entries = entriesOf(value);
        for (const key of sortedKeys(entries)) yield [key, entries[key]];
        return;
      }
      case "int":
        if (node.pipeline.variables.length > 1) {
          throw this.fault(
            undefined,
            `can't use ${formatValue(value)} to iterate over more than one variable`,
          );
        }
        for (let i = 0; i < Number(value); i++) yield [i, i];
        return;
      case "invalid":
        return;
      case "nil":
        if (value === null) return;
        throw this.fault(undefined, "nil pointer evaluating interface {}");
      default:
        throw this.fault(undefined, `range can't iterate over ${formatValue(value)}`);
    }
  }

  private invoke(node: Extract<Node, { kind: "template" }>, dot: unknown): void {
    const body = this.template.definitions.get(node.name);
    if (body === undefined) throw this.fault(node, `template ${goQuote(node.name)} not defined`);
    if (++this.depth > maximumTemplateDepth) {
      throw this.fault(node, `exceeded maximum template depth (${maximumTemplateDepth})`);
    }
    const value = node.pipeline === undefined ? undefined : this.evalPipeline(node.pipeline, dot);
    const outer = { variables: this.variables, name: this.name };
    this.variables = [{ name: "$", value }];
    this.name = node.name;
    this.walkList(body, value);
    this.variables = outer.variables;
    this.name = outer.name;
    this.depth--;
  }

  private setVariable(name: string, value: unknown, assigns: boolean): void {
    if (!assigns) {
      this.variables.push({ name, value });
      return;
    }
    const existing = this.variables.findLast((variable) => variable.name === name);
    if (existing === undefined) throw this.fault(undefined, `undefined variable: ${name}`);
    existing.value = value;
  }

  /** A range declares its variables per item, so that `bind` is left to it. */
  private evalPipeline(pipeline: Pipeline, dot: unknown, isRange = false): unknown {
    let value: unknown = none;
    for (const command of pipeline.commands) {
      value = this.evalCommand(command, dot, value);
      if (value === null) value = undefined;
    }
    if (!isRange) for (const name of pipeline.variables) this.setVariable(name, value, pipeline.assigns);
    return value;
  }

  private evalCommand(command: Command, dot: unknown, final: unknown): unknown {
    this.step(command);
    const [first, ...rest] = command.operands;
    if (first === undefined) throw this.fault(command, "empty command");
    switch (first.kind) {
      case "field":
      case "variable":
      case "chain":
        return this.evalFields(first, dot, {
          count: rest.length + (final === none ? 0 : 1),
          values: () => [
            ...rest.map((operand) => this.evalOperand(operand, dot)),
            ...(final === none ? [] : [final]),
          ],
        });
      case "function":
        return this.callFunction(first.name, first, command, rest, dot, final);
      case "pipeline":
        this.refuseArguments(first, rest, final);
        return this.evalPipeline(first.pipeline, dot);
      case "nil":
        this.refuseArguments(first, rest, final);
        throw this.fault(first, "nil is not a command");
      default:
        this.refuseArguments(first, rest, final);
        return this.evalOperand(first, dot);
    }
  }

  private refuseArguments(first: Operand, rest: readonly Operand[], final: unknown): void {
    if (rest.length > 0 || final !== none)
      throw this.fault(first, `can't give argument to non-function ${source(first)}`);
  }

  private evalOperand(node: Operand, dot: unknown): unknown {
    this.step(node);
    switch (node.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "bool":
      case "string":
        return node.value;
      case "number":
        if (typeof node.value === "bigint" && node.value > maximumInt) {
          throw this.fault(node, `${node.text} overflows int`);
        }
        return node.float && typeof node.value === "number" ? new GoFloat(node.value) : node.value;
      case "function":
        return this.callFunction(node.name, node, node, [], dot, none);
      case "pipeline":
        return this.evalPipeline(node.pipeline, dot);
      default:
        return this.evalFields(node, dot, noArguments);
    }
  }

  private evalFields(
    node: Extract<Operand, { kind: "field" | "variable" | "chain" }>,
    dot: unknown,
    given: Arguments,
  ): unknown {
    this.current = node;
    let value: unknown = dot;
    if (node.kind === "variable") {
      value = this.variables.findLast((variable) => variable.name === node.name)?.value;
      if (node.path.length === 0 && given.count > 0) {
        throw this.fault(node, `can't give argument to non-function ${source(node)}`);
      }
    } else if (node.kind === "chain") {
      if (node.of.kind === "nil")
        throw this.fault(node, `indirection through explicit nil in ${source(node)}`);
      value = this.evalOperand(node.of, dot);
    }
    let within: unknown;
    node.path.forEach((name, i) => {
      const next = this.field(value, within, name, i === node.path.length - 1 ? given : noArguments);
      within = value;
      value = next;
    });
    return value;
  }

  /** `within` is what `value` was found in: of plain data Go knows only that it is an `interface {}`. */
  private field(value: unknown, within: unknown, name: string, given: Arguments): unknown {
    const refuse = (message: string) => this.fault(undefined, message);
    const strict = this.options.missing === "error";
    if (value === undefined) {
      if (strict) throw refuse(`nil data; no entry for key ${goQuote(name)}`);
      return undefined;
    }
    if (value === null || (value instanceof TypedNil && value.kind === "pointer")) {
      throw refuse(`nil pointer evaluating ${typeName(value)}.${name}`);
    }
    if (value instanceof GoStruct) {
      const own = ownName(value, name);
      if (own === undefined) throw refuse(`can't evaluate field ${name} in type ${value.typeName}`);
      const member = value.fields[own];
      if (typeof member === "function") {
        if (given.count !== member.length) {
          throw refuse(`wrong number of args for ${name}: want ${member.length} got ${given.count}`);
        }
        return member(...given.values());
      }
      if (given.count > 0) throw refuse(`${name} has arguments but cannot be invoked as function`);
      return member;
    }
    if (kindOf(value) !== "map") {
      const isAny = within !== undefined && !(within instanceof GoStruct || within instanceof GoMap);
      throw refuse(`can't evaluate field ${name} in type ${isAny ? "interface {}" : typeName(value)}`);
    }
    if (given.count > 0) throw refuse(`${name} is not a method but has arguments`);
    const entries = entriesOf(value);
    if (hasEntry(entries, name)) return entries[name];
    if (strict && !(value instanceof GoMap)) throw refuse(`map has no entry for key ${goQuote(name)}`);
    return undefined;
  }

  private callFunction(
    name: string,
    at: Operand,
    command: Command | Operand,
    operands: readonly Operand[],
    dot: unknown,
    final: unknown,
  ): unknown {
    const found = this.options.functions[name];
    if (found === undefined) throw this.fault(at, `${goQuote(name)} is not a defined function`);
    const count = operands.length + (final === none ? 0 : 1);
    this.checkCount(name, found, count, at);
    if (name === "and" || name === "or") return this.shortCircuit(name === "or", operands, dot, final);
    const values = operands.map((operand, i) =>
      this.argument(operand, this.evalOperand(operand, dot), parameterAt(found, i)),
    );
    if (final !== none) values.push(this.argument(command, final, parameterAt(found, operands.length)));
    if (name === "call") {
      const [value] = values;
      const shown = operands[0] === undefined ? "value" : source(operands[0]);
      const why =
        value === undefined || value === null
          ? "call of nil"
          : `non-function ${shown} of type ${typeName(value)}`;
      throw this.fault(command, `error calling call: ${why}`);
    }
    try {
      return found.call(values);
    } catch (error) {
      if (error instanceof FunctionFault)
        throw this.fault(command, `error calling ${name}: ${error.message}`);
      throw error;
    }
  }

  private checkCount(name: string, found: TemplateFunction, count: number, at: Operand): void {
    const wanted = found.parameters.length;
    if (found.rest === undefined ? count === wanted : count >= wanted) return;
    const least = found.rest === undefined ? "" : "at least ";
    throw this.fault(at, `wrong number of args for ${name}: want ${least}${wanted} got ${count}`);
  }

  /** Evaluates no more than decides the answer, which is the deciding value itself. */
  private shortCircuit(
    stopsAt: boolean,
    operands: readonly Operand[],
    dot: unknown,
    final: unknown,
  ): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.evalOperand(operand, dot);
      if (isTrue(value) === stopsAt) return value;
    }
    return final === none ? value : final;
  }

  private argument(at: Operand | Command, value: unknown, type: ParameterType): unknown {
    if (type === "any") return value;
    const wanted = type === "strings" ? "[]string" : type;
    if (value === undefined || value === null) {
      if (type === "strings") return [];
      if ("kind" in at && at.kind === "nil") throw this.fault(at, `cannot assign nil to ${wanted}`);
      if (value === null) throw this.fault(at, `wrong type for value; expected ${wanted}; got interface {}`);
      throw this.fault(at, `invalid value; expected ${wanted}`);
    }
    if (type === "strings") {
      if (kindOf(value) === "list" && itemsOf(value).every((item) => typeof item === "string"))
        return itemsOf(value);
    } else if (kindOf(value) === type) return type === "int" ? Number(value) : value;
    const isConstant = "kind" in at && (at.kind === "string" || at.kind === "number" || at.kind === "bool");
    if (isConstant) {
      const noun = type === "int" ? "integer" : wanted;
      throw this.fault(at, `expected ${noun}; found ${source(at)}`);
    }
    throw this.fault(at, `wrong type for value; expected ${wanted}; got ${typeName(value)}`);
  }
}

/** The field that `name` means, by itself or as an alias. */
function ownName({ fields, aliases }: GoStruct, name: string): string | undefined {
  if (Object.hasOwn(fields, name)) return name;
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}

function parameterAt(found: TemplateFunction, index: number): ParameterType {
  return found.parameters[index] ?? found.rest ?? "any";
}
