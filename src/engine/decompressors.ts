import type { Decompressors } from "../archive/decompress-archive.ts";
import type { EngineContext } from "./context.ts";

/** The machine's own programs where they are installed, because they are faster, else those of the embedded busybox. */
export function decompressors({ helpers }: Pick<EngineContext, "helpers">): Decompressors {
  return (compression) => {
    const installed = Bun.which(compression) !== null;
    return [...(installed ? [] : helpers.command("busybox")), compression, "-dc"];
  };
}
