import { join } from "node:path";
import { EngineContext } from "../../src/engine/context.ts";
import type { ImageConfig } from "../../src/oci/types.ts";
import type { ImageRecord } from "../../src/store/types.ts";
import { digestOf, imageRecord } from "./records.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface TestEngine extends Disposable {
  readonly context: EngineContext;
  readonly warnings: string[];
  /** Adds an image under canonical names; layers are sizes in bytes. */
  addImage(name: string, tags: readonly string[], config?: Partial<ImageConfig>): ImageRecord;
}

/** An engine with a store and configuration of its own. */
export function testEngine(): TestEngine {
  const directory = temporaryDirectory();
  const warnings: string[] = [];
  const env = {
    HOME: directory.path,
    BERTH_ROOT: join(directory.path, "data"),
    XDG_RUNTIME_DIR: directory.path,
    XDG_CONFIG_HOME: directory.path,
    PATH: process.env.PATH,
  };
  const context = new EngineContext(env, (message) => warnings.push(message));
  return {
    context,
    warnings,
    addImage(name, tags, config = {}) {
      const record = imageRecord(name);
      const image = { ...record, id: digestOf(name), config: { ...record.config, ...config } };
      context.store.images.put(image, []);
      for (const tag of tags) context.store.names.set(tag, image);
      return image;
    },
    [Symbol.dispose]() {
      context.store.close();
      directory[Symbol.dispose]();
    },
  };
}
