import type { Source, Stage, Step } from "./types.ts";

/** Steps that are numbered: what makes layers, and the base image. */
function numberedSteps(stage: Stage): number {
  const numbered = stage.instructions.filter(({ kind }) => ["add", "copy", "run", "workdir"].includes(kind));
  return numbered.length + (isNumberedBase(stage) ? 1 : 0);
}

export function isNumberedBase({ base }: Stage): boolean {
  return base.kind === "image" || base.kind === "named";
}

/** `[build  2/12] ` in front of the `position`th step of a stage. */
export function stepPrefix(stage: Stage, position: number): string {
  const total = numberedSteps(stage);
  const number = String(position).padStart(String(total).length);
  return `[${stage.title === "" ? "" : `${stage.title} `}${number}/${total}] `;
}

/** FROM a named context that is a directory: its files, as if they were copied into an empty image. */
export function contextStep(stage: Stage, from: Extract<Source, { kind: "named" }>): Step {
  return {
    kind: "copy",
    lines: stage.lines,
    title: `${stepPrefix(stage, 1)}FROM ${from.name}`,
    createdBy: `[context ${from.name}] load from client`,
    from,
    sources: [{ kind: "path", path: ".", unpack: false }],
    destination: "/",
    chown: "",
    link: false,
    parents: false,
    exclude: [],
  };
}
