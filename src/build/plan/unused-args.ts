import { type BuildArgs, type Dockerfile, proxyArgNames } from '../../dockerfile/index.ts';

/** Build arguments that no ARG of the file asks for and that mean nothing by themselves, sorted. */
export function unusedBuildArgs(file: Dockerfile, buildArgs: BuildArgs): string[] {
  const declared = new Set<string>();
  for (const instruction of file.instructions) {
    if (instruction.kind !== 'arg') continue;
    for (const { name } of instruction.definitions) declared.add(name.text);
  }
  return Object.keys(buildArgs)
    .filter((name) => !declared.has(name) && !isPredefined(name))
    .sort();
}

function isPredefined(name: string): boolean {
  return (
    proxyArgNames.includes(name.toUpperCase()) ||
    name.startsWith('BUILDKIT_') ||
    name === 'SOURCE_DATE_EPOCH' ||
    /^(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/.test(name)
  );
}
