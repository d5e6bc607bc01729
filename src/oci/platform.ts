/** Platform specifiers and the choice of a manifest from an index, as github.com/containerd/platforms does both. */
import { BerthError } from "../base/errors.ts";
import type { Descriptor, Platform } from "./types.ts";

const specifierPart = /^[A-Za-z0-9_.-]+$/;
const osPart = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/;

const knownSystems = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split(
    " ",
  ),
);
const knownArchitectures = new Set(
  "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm".split(
    " ",
  ),
);

/** Whether there are such machines, as far as their names tell. */
export function isKnownPlatform({ os, architecture }: Platform): boolean {
  return knownSystems.has(os) && knownArchitectures.has(architecture);
}

/** Go's name of the architecture that this executable runs on. */
function hostArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", loong64: "loong64" };
  return names[process.arch] ?? process.arch;
}

/** The platform whose images run here without emulation. */
export function hostPlatform(): Platform {
  return { os: "linux", architecture: hostArchitecture() };
}

function platform(os: string, architecture: string, variant: string, version = ""): Platform {
  return {
    os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(version === "" ? {} : { "os.version": version }),
  };
}

function normalizeOs(os: string): string {
  if (os === "") return "linux";
  const lower = os.toLowerCase();
  return lower === "macos" ? "darwin" : lower;
}

/** `[architecture, variant]` with other spellings resolved; the variant that an architecture implies is empty. */
function normalizeArchitecture(architecture: string, variant: string): [string, string] {
  const arch = architecture.toLowerCase();
  const sub = variant.toLowerCase();
  switch (arch) {
    case "i386":
      return ["386", ""];
    case "x86_64":
    case "x86-64":
    case "amd64":
      return ["amd64", sub === "v1" ? "" : sub];
    case "aarch64":
    case "arm64":
      return ["arm64", sub === "8" || sub === "v8" ? "" : sub];
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      if (sub === "" || sub === "7") return ["arm", "v7"];
      return ["arm", /^[568]$/.test(sub) ? `v${sub}` : sub];
    default:
      return [arch, sub];
  }
}

/** The canonical spelling, for comparison: `linux/aarch64/v8` and `linux/arm64` are one platform. */
export function normalizePlatform(given: Platform): Platform {
  const [architecture, variant] = normalizeArchitecture(given.architecture, given.variant ?? "");
  const { variant: _, ...rest } = given;
  return { ...rest, os: normalizeOs(given.os), architecture, ...(variant === "" ? {} : { variant }) };
}

/**
 * Parses `<os>`, `<architecture>`, `<os>/<architecture>` or `<os>/<architecture>/<variant>`; `<os>` may carry a
 * version in parentheses. What is left out is the host's. Throws `invalid-argument`.
 */
export function parsePlatform(specifier: string): Platform {
  const bad = (why: string): BerthError =>
    new BerthError("invalid-argument", `"${specifier}": ${why}`, {
      hint: "a platform is os/architecture[/variant], for example linux/amd64 or linux/arm64/v8",
    });
  if (specifier.includes("*")) throw bad("wildcards not yet supported");
  const parts = specifier.split("/");
  if (parts.length > 3) throw bad("cannot parse platform specifier");
  const [first = "", second = "", third = ""] = parts;
  const system = osPart.exec(first);
  const wrong =
    system === null && !(parts.length === 1 && specifierPart.test(first))
      ? first
      : parts.slice(1).find((part) => !specifierPart.test(part));
  if (wrong !== undefined) throw bad(`"${wrong}" is an invalid component of the platform specifier`);
  const os = normalizeOs(system?.[1] ?? first);
  const version = system?.[2] ?? "";

  if (parts.length === 1) {
    if (knownSystems.has(os)) return platform(os, hostArchitecture(), "", version);
    const [architecture, variant] = normalizeArchitecture(first, "");
    if (!knownArchitectures.has(architecture)) throw bad("unknown operating system or architecture");
    return platform("linux", architecture, impliedVariant(architecture, variant));
  }
  const [architecture, variant] = normalizeArchitecture(second, third);
  if (parts.length === 2) return platform(os, architecture, impliedVariant(architecture, variant), version);
  return platform(os, architecture, architecture === "arm64" && variant === "" ? "v8" : variant, version);
}

/** v7 is what `arm` means, so that it is not spelt out. */
function impliedVariant(architecture: string, variant: string): string {
  return architecture === "arm" && variant === "v7" ? "" : variant;
}

/** `os/architecture[/variant]`; `unknown` without an os. */
export function formatPlatform(given: Platform): string {
  if (given.os === "") return "unknown";
  return [given.os, given.architecture, given.variant ?? ""].filter((part) => part !== "").join("/");
}

/** The variants that a machine of `variant` also runs, best first, itself excluded. */
function lesserVariants(architecture: string, variant: string): string[] {
  const match = /^v(\d+)(?:\.(\d))?$/.exec(variant);
  if (match === null) return [];
  const major = Number(match[1]);
  const minor = Number(match[2] ?? 0);
  const down = (from: number, to: number) =>
    Array.from({ length: Math.max(0, Math.min(from, 64) - to) }, (_, i) => `v${from - 1 - i}`);
  const minors = (of: number, from: number) =>
    Array.from({ length: from }, (_, i) => (from - 1 - i === 0 ? `v${of}` : `v${of}.${from - 1 - i}`));
  if (architecture === "amd64") return down(major, 1);
  if (architecture === "arm") return down(major, 5);
  if (architecture !== "arm64" || major < 8) return [];
  // v9.x runs what v8.(x+5) runs: the two lines parted there.
  return major === 9
    ? [...minors(9, minor), `v8.${minor + 5}`, ...minors(8, minor + 5)]
    : minors(major, minor);
}

/** Everything that a machine of `wanted` runs, best first. */
function runnable(wanted: Platform): Platform[] {
  const own = normalizePlatform(wanted);
  const as = (architecture: string, variant: string): Platform => {
    const { variant: _, ...rest } = own;
    return normalizePlatform({ ...rest, architecture, variant });
  };
  const variant = own.variant ?? (own.architecture === "arm64" ? "v8" : "");
  const list = [own, ...lesserVariants(own.architecture, variant).map((v) => as(own.architecture, v))];
  if (own.architecture === "amd64") list.push(as("386", ""));
  if (own.architecture === "arm64") {
    const arm = /^v[89]\./.test(variant) ? "v8" : variant;
    list.push(as("arm", arm), ...lesserVariants("arm", arm).map((v) => as("arm", v)));
  }
  return list;
}

function matches(offered: Platform, wanted: Platform): boolean {
  const normal = normalizePlatform(offered);
  if (normal.os !== wanted.os || normal.architecture !== wanted.architecture) return false;
  if ((normal.variant ?? "") !== (wanted.variant ?? "")) return false;
  if (wanted.os === "windows" && wanted["os.version"] !== undefined) {
    if (normal["os.version"] !== wanted["os.version"]) return false;
  }
  return (normal["os.features"] ?? []).every((feature) => wanted["os.features"]?.includes(feature));
}

/** Whether a machine of `wanted` runs an image of `offered`. */
export function platformMatches(offered: Platform, wanted: Platform): boolean {
  return runnable(wanted).some((candidate) => matches(offered, candidate));
}

/**
 * The descriptor of an index that suits `wanted` best, or undefined. Attestations (`unknown/unknown`) never
 * suit. A descriptor without a platform is taken only when no other suits: the platform is then in its
 * configuration, and the caller checks it there.
 */
export function selectPlatform(descriptors: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  for (const candidate of runnable(wanted)) {
    const found = descriptors.find(
      (item) => item.platform !== undefined && matches(item.platform, candidate),
    );
    if (found !== undefined) return found;
  }
  return descriptors.find(
    (item) => item.platform === undefined && item.annotations?.["vnd.docker.reference.type"] === undefined,
  );
}
