/**
 * The import arrows of docs/architecture.md. A domain may import only the domains named beside it,
 * and only through their index.ts. "types" lists the domains whose types alone may be named. "doors"
 * are index.ts files of a part by itself: the daemon opens the first door alone, and holds in memory
 * neither the rules of lint nor the analysis of images.
 */
const domains = {
  core: { imports: [] },
  linux: { imports: ['core'] },
  dockerfile: { imports: ['core'], doors: ['lint'] },
  image: { imports: ['core'], doors: ['analysis'] },
  store: { imports: ['core', 'linux', 'image'] },
  registry: { imports: ['core', 'image'] },
  build: { imports: ['core', 'dockerfile', 'image'] },
  engine: { imports: ['core', 'linux', 'image', 'store'] },
  session: { imports: ['core'], types: ['build'] },
  jobs: { imports: ['core'] },
  compose: { imports: ['core'] },
  api: {
    imports: ['core', 'session'],
    types: ['image', 'store', 'registry', 'build', 'engine', 'jobs'],
  },
  client: { imports: ['core', 'session'], types: ['api'] },
  cli: { imports: ['client', 'session', 'dockerfile', 'image', 'compose', 'core'] },
  web: { imports: [], types: ['client'] },
};

const rules = [
  {
    name: 'no-cycles',
    severity: 'error',
    comment: 'a cycle means two files are one: merge them or turn one arrow round',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
];

for (const [domain, { imports, types = [], doors = [] }] of Object.entries(domains)) {
  const anyOf = (names) => (names.length > 0 ? `(${names.join('|')})` : '(?!)');
  rules.push({
    name: `${domain}-arrows`,
    severity: 'error',
    comment: `${domain}/ may import ${imports.join(', ') || 'nothing of src/'}`,
    from: { path: `^src/${domain}/`, pathNot: '\\.test\\.ts$' },
    to: {
      path: '^src/',
      pathNot: [`^src/${domain}/`, `^src/${anyOf(imports)}/`, `^src/${anyOf(types)}/`],
    },
  });
  if (types.length > 0) {
    rules.push({
      name: `${domain}-types-only`,
      severity: 'error',
      comment: `${domain}/ may name types of ${types.join(', ')}, not run their code`,
      from: { path: `^src/${domain}/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^src/${anyOf(types)}/`, dependencyTypesNot: ['type-only'] },
    });
  }
  rules.push({
    name: `${domain}-front-door`,
    severity: 'error',
    comment: `other domains import ${domain}/ through its index.ts`,
    from: { path: '^src/', pathNot: `^src/${domain}/` },
    to: {
      path: `^src/${domain}/`,
      pathNot: [
        `^src/${domain}/(${doors.map((door) => `${door}/|`).join('')})index\\.ts$`,
        '-contract\\.ts$',
      ],
    },
  });
}

rules.push(
  {
    name: 'side-doors',
    severity: 'error',
    comment: 'the daemon holds neither the rules of lint nor the analysis of images in memory',
    from: {
      path: '^src/',
      pathNot: ['^src/cli/', '\\.test\\.ts$', '^src/dockerfile/lint/', '^src/image/analysis/'],
    },
    to: { path: '^src/(dockerfile/lint|image/analysis)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'contracts-are-for-tests',
    severity: 'error',
    comment: 'a contract suite (x-contract.ts) is imported by tests alone, of any domain',
    from: { path: '^src/', pathNot: '\\.test\\.ts$' },
    to: { path: '-contract\\.ts$' },
  },
  {
    name: 'registry-halves',
    severity: 'error',
    comment: 'registry/server and registry/client never import each other',
    from: { path: '^src/registry/(server|client)/' },
    to: { path: '^src/registry/(server|client)/', pathNot: '^src/registry/$1/' },
  },
  {
    name: 'only-runtime-talks-to-shims',
    severity: 'error',
    comment: 'engine/runtime/ is the only place that talks to a shim',
    from: { path: '^src/', pathNot: '^src/engine/runtime/' },
    to: { path: '^src/engine/runtime/ttrpc-' },
  },
  {
    name: 'core-is-node-only',
    severity: 'error',
    comment: 'core/ depends on Node alone; patterns of clients on an engine that is safe with them',
    from: { path: '^src/core/', pathNot: 'go-pattern' },
    to: { path: 'node_modules' },
  },
);

module.exports = {
  forbidden: rules,
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'testdata' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json'] },
  },
};
