/**
 * The rules of BuildKit's linter with what each of them says; what they mean is told at the address of `ruleUrl`.
 * InvalidBaseImagePlatform is not among them: such an image is refused here.
 */
export const rules = {
  ConsistentInstructionCasing: (command: string, correct: string) =>
    `Command '${command}' should match the case of the command majority (${correct})`,
  CopyIgnoredFile: (command: string, file: string) =>
    `Attempting to ${command} file ${JSON.stringify(file)} that is excluded by .dockerignore`,
  DuplicateStageName: (name: string) =>
    `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`,
  ExposeInvalidFormat: (port: string) =>
    `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
  ExposeProtoCasing: (port: string) => `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
  FromAsCasing: (from: string, as: string) => `'${as}' and '${from}' keywords' casing do not match`,
  FromPlatformFlagConstDisallowed: (platform: string) =>
    `FROM --platform flag should not use constant value ${JSON.stringify(platform)}`,
  InvalidDefaultArgInFrom: (base: string) =>
    `Default value for ARG ${base} results in empty or invalid base image name`,
  InvalidDefinitionDescription: (instruction: string, name: string) =>
    `Comment for ${instruction} should follow the format: \`# ${name} <description>\``,
  JSONArgsRecommended: (instruction: string) =>
    `JSON arguments recommended for ${instruction} to prevent unintended behavior related to OS signals`,
  LegacyKeyValueFormat: (command: string) =>
    `"${command} key=value" should be used instead of legacy "${command} key value" format`,
  MaintainerDeprecated: () => "Maintainer instruction is deprecated in favor of using label",
  MultipleInstructionsDisallowed: (instruction: string) =>
    `Multiple ${instruction} instructions should not be used in the same stage because only the last one will be used`,
  NoEmptyContinuation: () => "Empty continuation line",
  RedundantTargetPlatform: (variable: string) =>
    `Setting platform to predefined ${variable} in FROM is redundant as this is the default behavior`,
  ReservedStageName: (name: string) =>
    `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`,
  SecretsUsedInArgOrEnv: (instruction: string, key: string) =>
    `Do not use ARG or ENV instructions for sensitive data (${instruction} ${JSON.stringify(key)})`,
  StageNameCasing: (name: string) => `Stage name '${name}' should be lowercase`,
  UndefinedArgInFrom: (arg: string, suggestion: string) =>
    `FROM argument '${arg}' is not declared${suggestion}`,
  UndefinedVar: (name: string, suggestion: string) =>
    `Usage of undefined variable '$${name}'${suggestion.replace("mean ", "mean $")}`,
  WorkdirRelativePath: (path: string) =>
    `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
} as const;

export type RuleName = keyof typeof rules;

/** Rules that are checked only when they are asked for (`# check=experimental=…`). */
export const experimentalRules: ReadonlySet<RuleName> = new Set(["InvalidDefinitionDescription"]);

/** Where Docker documents a rule. */
export function ruleUrl(rule: RuleName): string {
  const words = rule.replace(/([a-z])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$2-");
  return `https://docs.docker.com/go/dockerfile/rule/${words.toLowerCase()}/`;
}
