/** The conditions of a seccomp profile on arguments of a system call, as instructions (libseccomp's comparisons). */
import { AND, answer, type Instruction, JEQ, JGE, JGT, LD_ABS, offset } from "./bpf.ts";

const operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"] as const;
type Operator = `SCMP_CMP_${(typeof operators)[number]}`;

export function isOperator(name: unknown): name is Operator {
  return operators.some((operator) => name === `SCMP_CMP_${operator}`);
}

export interface Condition {
  readonly index: number;
  /** The mask of SCMP_CMP_MASKED_EQ, which compares with `valueTwo`. */
  readonly value: bigint;
  readonly valueTwo: bigint;
  readonly op: Operator;
}

/** Where a jump goes: on, to the end of the condition (it holds), or to the end of the rule (it does not). */
type Target = "next" | "holds" | "fails";

interface Step {
  readonly code: number;
  readonly k: number;
  readonly yes?: Target;
  readonly no?: Target;
}

/** A rule: an answer where all conditions hold, and else what comes behind it. */
export function ruleInstructions(conditions: readonly Condition[], action: number): readonly Instruction[] {
  const steps = conditions.map(stepsOf);
  const length = steps.reduce((sum, { length }) => sum + length, 0) + 1;
  const made: Instruction[] = [];
  for (const condition of steps) {
    const end = made.length + condition.length;
    for (const { code, k, yes, no } of condition) {
      const at = made.length + 1;
      const distance = (target: Target | undefined) =>
        target === "holds" ? end - at : target === "fails" ? length - at : 0;
      made.push({ code, k, jt: distance(yes), jf: distance(no) });
    }
  }
  return [...made, answer(action)];
}

function stepsOf({ index, value, valueTwo, op }: Condition): readonly Step[] {
  const [high, low] = halves(value);
  const loadHigh: Step = { code: LD_ABS, k: offset.argumentHigh(index) };
  const loadLow: Step = { code: LD_ABS, k: offset.argument(index) };
  const equals = (yes: Target, no: Target): Step[] => [
    loadHigh,
    { code: JEQ, k: high, yes: "next", no: no },
    loadLow,
    { code: JEQ, k: low, yes: yes, no: no },
  ];
  const above = (code: number, yes: Target, no: Target): Step[] => [
    loadHigh,
    { code: JGT, k: high, yes: yes, no: "next" },
    { code: JEQ, k: high, yes: "next", no: no },
    loadLow,
    { code, k: low, yes: yes, no: no },
  ];
  switch (op) {
    case "SCMP_CMP_EQ":
      return equals("holds", "fails");
    case "SCMP_CMP_NE":
      return equals("fails", "holds");
    case "SCMP_CMP_GT":
      return above(JGT, "holds", "fails");
    case "SCMP_CMP_GE":
      return above(JGE, "holds", "fails");
    case "SCMP_CMP_LE":
      return above(JGT, "fails", "holds");
    case "SCMP_CMP_LT":
      return above(JGE, "fails", "holds");
    case "SCMP_CMP_MASKED_EQ": {
      const [wantedHigh, wantedLow] = halves(valueTwo);
      return [
        loadHigh,
        { code: AND, k: high },
        { code: JEQ, k: wantedHigh, yes: "next", no: "fails" },
        loadLow,
        { code: AND, k: low },
        { code: JEQ, k: wantedLow, yes: "holds", no: "fails" },
      ];
    }
    default:
      return op satisfies never;
  }
}

function halves(value: bigint): readonly [high: number, low: number] {
  return [Number(value >> 32n), Number(value & 0xffffffffn)];
}
