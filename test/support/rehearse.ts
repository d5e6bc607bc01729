/** A program for tests, started in new user, mount and pid namespaces: `bun rehearse.ts DIRECTORY`. */
import { O } from "../../src/sys/kernel-numbers.ts";
import { rehearse } from "../../src/container/rehearsal.ts";
import { AT_FDCWD, attachMount, createMount, openAt } from "../../src/sys/libc.ts";

const root = createMount("tmpfs", { mode: "755" }, 0);
attachMount(root, openAt(AT_FDCWD, process.argv[2]!, O.PATH | O.DIRECTORY));
rehearse(root);
console.log("whole");
