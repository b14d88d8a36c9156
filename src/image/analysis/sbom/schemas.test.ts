import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { layeredImage, type SampleMember } from '../../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../analyze-image.ts';
import { cycloneDxDocument, spdxDocument } from './sbom.ts';

const require = createRequire(import.meta.url);
const schemas = join(
  dirname(require.resolve('@cyclonedx/cyclonedx-library/package.json')),
  'res/schema',
);
const read = (name: string) =>
  JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8'));

/** The official schema of CycloneDX 1.5, with those it refers to. */
function cycloneDxValidator(): ValidateFunction {
  const ajv = withFormats(new Ajv({ strict: false, allErrors: true }));
  // Formats that only newer drafts have.
  for (const format of ['idn-email', 'iri-reference']) ajv.addFormat(format, true);
  for (const name of ['spdx', 'jsf-0.82']) {
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  return ajv.compile(read('bom-1.5'));
}

function withFormats(ajv: Ajv): Ajv {
  (addFormats as unknown as (ajv: Ajv) => Ajv)(ajv);
  return ajv;
}

const text = { type: 'string', minLength: 1 };
const spdxId = { type: 'string', pattern: '^SPDXRef-[a-zA-Z0-9.-]+$' };

function object(properties: Record<string, object>, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', additionalProperties: false, properties, required };
}

/** What SPDX 2.3 asks of the fields that Berth writes (its clauses 6, 7 and 11). */
const spdxShape = object({
  spdxVersion: { const: 'SPDX-2.3' },
  dataLicense: { const: 'CC0-1.0' },
  SPDXID: { const: 'SPDXRef-DOCUMENT' },
  name: text,
  documentNamespace: { type: 'string', format: 'uri', pattern: '^[^#]+$' },
  creationInfo: object({
    created: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' },
    creators: { type: 'array', minItems: 1, items: { type: 'string', pattern: '^Tool: .' } },
  }),
  packages: {
    type: 'array',
    minItems: 1,
    items: object(
      {
        SPDXID: spdxId,
        name: text,
        versionInfo: text,
        downloadLocation: { const: 'NOASSERTION' },
        filesAnalyzed: { const: false },
        primaryPackagePurpose: { const: 'CONTAINER' },
        sourceInfo: text,
        licenseConcluded: { const: 'NOASSERTION' },
        licenseDeclared: text,
        licenseComments: text,
        copyrightText: { const: 'NOASSERTION' },
        externalRefs: {
          type: 'array',
          items: object({
            referenceCategory: { const: 'PACKAGE-MANAGER' },
            referenceType: { const: 'purl' },
            referenceLocator: {
              type: 'string',
              pattern: '^pkg:[a-z]+/[A-Za-z0-9.%~_/:-]+@[^\\s@]+$',
            },
          }),
        },
      },
      ['primaryPackagePurpose', 'sourceInfo', 'licenseComments', 'externalRefs'],
    ),
  },
  relationships: {
    type: 'array',
    items: object({
      spdxElementId: spdxId,
      relationshipType: { enum: ['DESCRIBES', 'CONTAINS'] },
      relatedSpdxElement: spdxId,
    }),
  },
});

const images: [name: string, members: Record<string, SampleMember>][] = [
  ['nothing', {}],
  [
    'packages of every kind',
    {
      'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
      'var/lib/dpkg/status': 'Package: libc++\nVersion: 1:2~x\nArchitecture: amd64\n',
      'lib/apk/db/installed':
        'P:musl\nV:1.2-r0\nL:MIT AND BSD-2-Clause\n\nP:b\nV:1\nL:custom stuff\n',
      'a/node_modules/@s/b/package.json': '{"name":"@s/b","version":"1.0.0","license":"ISC"}',
      'b/x-1.dist-info/METADATA': 'Name: X_y\nVersion: 1!2\nLicense: BSD, see "file"\n',
    },
  ],
  [
    'hostile names',
    {
      'etc/os-release': 'ID=../../x\nVERSION_ID="1\\n2"\n',
      'x\x1b[2J\n"/node_modules/a/package.json':
        '{"name":"../<script>","version":"\\ud800\\u202e","license":"(MIT"}',
      'var/lib/dpkg/status': 'Package: a?b#c@d%2F\nVersion: 1&2=3\nArchitecture: <x>\n',
    },
  ],
];

const isCycloneDx = cycloneDxValidator();
const isSpdx = withFormats(new Ajv({ allErrors: true })).compile(spdxShape);

for (const [name, members] of images) {
  test(`lists of ${name} are what their specifications ask for`, async () => {
    const analysis = await analyzeImage(await layeredImage([{ members }]));
    const options = { name: 'registry/x:1', created: '2026-01-02T03:04:05Z' };
    const written = (document: object) => JSON.parse(JSON.stringify(document)) as object;
    const cycloneDx = written(cycloneDxDocument(analysis, options));
    assert.ok(isCycloneDx(cycloneDx), JSON.stringify(isCycloneDx.errors, undefined, 1));
    const spdx = written(spdxDocument(analysis, options));
    assert.ok(isSpdx(spdx), JSON.stringify(isSpdx.errors, undefined, 1));
    assert.deepEqual(written(spdxDocument(analysis, options)), spdx);
  });
}
