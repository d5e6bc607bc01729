import type { TransferProgress } from "../../oci/transport.ts";
import type { PartState, Vertex } from "./progress.ts";

/** Tells of the layers of a pull as parts of `vertex`, in BuildKit's words. */
export function tellPull(vertex: Vertex): (progress: TransferProgress) => void {
  const sizes = new Map<string, number>();
  return (progress) => {
    const { digest, status } = progress;
    const extracting = `extracting ${digest}`;
    if (progress.kind === "status") {
      const size = sizes.get(digest);
      if (status === "Download complete" && size !== undefined)
        vertex.part(digest, { current: size, total: size, isOver: true });
      if (status === "Pull complete") vertex.part(extracting, { isOver: true });
      return;
    }
    if (status !== "Downloading") {
      vertex.part(extracting, { isOver: false });
      return;
    }
    const { current, total } = progress;
    sizes.set(digest, total ?? current);
    const state: PartState = { current, ...(total === undefined ? {} : { total }), isOver: false };
    vertex.part(digest, state);
  };
}
