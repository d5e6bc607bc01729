import { dlopen, type FFIFunction } from "bun:ffi";

/**
 * Functions of the C library, each bound when it is first called: binding one takes five microseconds, and no process needs
 * half of them. The library is loaded already, so the loader goes by its name and looks at no file (dlopen(3)), whatever
 * the root directory is by then.
 */
export function cLibrary<F extends Record<string, FFIFunction>>(functions: F): Bound<F> {
  const binder = new Proxy<object>(
    {},
    {
      get(_, name, bound) {
        const key = name as string;
        const { [key]: call } = dlopen("libc.so.6", { [key]: functions[key]! }).symbols;
        Object.defineProperty(bound, key, { value: call });
        return call;
      },
    },
  );
  return Object.create(binder); // what is bound is a property of its own, and never asked for again
}

/** Binds them all at once, which takes less than one by one: for who will soon call most of them, and has time now. */
export function bindAll<F extends Record<string, FFIFunction>>(library: Bound<F>, functions: F): void {
  const { symbols } = dlopen("libc.so.6", functions);
  for (const key of Object.keys(symbols))
    if (!Object.hasOwn(library, key)) Object.defineProperty(library, key, { value: symbols[key] });
}

type Bound<F extends Record<string, FFIFunction>> = ReturnType<typeof dlopen<F>>["symbols"];
