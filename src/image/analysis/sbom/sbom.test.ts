import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage } from '../../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../analyze-image.ts';
import type { Package } from '../packages/package.ts';
import { purlOf } from './purl.ts';
import { cycloneDxDocument, spdxDocument } from './sbom.ts';

const debian = { id: 'debian', version: '12' };

const purls: [Package, string][] = [
  [
    { kind: 'deb', name: 'libstdc++6', version: '1:12.2-1~deb', architecture: 'amd64' },
    'pkg:deb/debian/libstdc%2B%2B6@1:12.2-1~deb?arch=amd64&distro=debian-12',
  ],
  [{ kind: 'npm', name: '@Types/node', version: '1.0.0' }, 'pkg:npm/%40types/node@1.0.0'],
  [{ kind: 'pypi', name: 'Foo_Bar', version: '1!2+x' }, 'pkg:pypi/foo-bar@1%212%2Bx'],
  [{ kind: 'apk', name: 'musl', version: '1.2' }, 'pkg:apk/debian/musl@1.2?distro=debian-12'],
];
for (const [one, purl] of purls) test(purl, () => assert.equal(purlOf(one, debian), purl));

const bash = {
  kind: 'rpm',
  name: 'bash',
  version: '2:5.2-1.fc40',
  architecture: 'x86_64',
} as const;
const elsewhere: [id: string, version: string, one: Package, purl: string][] = [
  ['fedora', '40', bash, 'pkg:rpm/fedora/bash@5.2-1.fc40?arch=x86_64&distro=fedora-40&epoch=2'],
  ['rhel', '9.4', { ...bash, version: '5' }, 'pkg:rpm/redhat/bash@5?arch=x86_64&distro=rhel-9.4'],
  ['', '', { ...bash, version: '5' }, 'pkg:rpm/bash@5?arch=x86_64'],
  ['', '', { kind: 'deb', name: 'a', version: '1' }, 'pkg:deb/debian/a@1'],
  [
    'alpine',
    '3.20',
    { kind: 'apk', name: 'a', version: '1' },
    'pkg:apk/alpine/a@1?distro=alpine-3.20',
  ],
  ['', '', { kind: 'npm', name: 'a%2F?#@', version: '1&x=y' }, 'pkg:npm/a%252f%3F%23%40@1%26x%3Dy'],
];
for (const [id, version, one, purl] of elsewhere) {
  test(purl, () => assert.equal(purlOf(one, { id, version }), purl));
}

async function sample() {
  const image = await layeredImage([
    {
      members: {
        'etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
        'var/lib/dpkg/status':
          'Package: bash\nVersion: 5.2\nArchitecture: amd64\n\nPackage: bash\nVersion: 5.2\nArchitecture: amd64\n',
        'app/node_modules/a/package.json':
          '{"name":"a","version":"1.0.0","license":"MIT OR Apache-2.0"}',
        'opt/node_modules/\x1b[2J"<\u202e/package.json':
          '{"name":"evil\\"<>\\u202e","version":"1\\ud800","license":"GPLv3+"}',
        'lib/x.dist-info/METADATA': 'Name: x\nVersion: 1\nLicense: BSD, see file\n',
      },
    },
  ]);
  return analyzeImage(image);
}

const options = { name: 'sample:1', created: '2026-01-02T03:04:05Z' };

test('SPDX 2.3: the image and what it contains', async () => {
  const document = spdxDocument(await sample(), options) as {
    packages: Record<string, unknown>[];
    relationships: Record<string, string>[];
  } & Record<string, unknown>;
  assert.equal(document.spdxVersion, 'SPDX-2.3');
  assert.equal(document.dataLicense, 'CC0-1.0');
  assert.match(
    String(document.documentNamespace),
    /^https:\/\/.*-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  );
  assert.deepEqual(
    document.packages.map((one) => [one.SPDXID, one.name, one.licenseDeclared]),
    [
      ['SPDXRef-image', 'sample:1', 'NOASSERTION'],
      ['SPDXRef-package-1', 'bash', 'NOASSERTION'],
      ['SPDXRef-package-2', 'a', 'MIT OR Apache-2.0'],
      ['SPDXRef-package-3', 'evil"<>\u202e', 'NOASSERTION'],
      ['SPDXRef-package-4', 'x', 'NOASSERTION'],
    ],
  );
  assert.equal(document.packages[4]!.licenseComments, 'BSD, see file');
  // Every id is described, and none is named that is not there.
  const ids = new Set([...document.packages.map((one) => one.SPDXID), 'SPDXRef-DOCUMENT']);
  for (const { spdxElementId, relatedSpdxElement } of document.relationships) {
    assert.ok(ids.has(spdxElementId!) && ids.has(relatedSpdxElement!));
  }
  assert.equal(document.relationships.length, 5);
});

test('CycloneDX 1.5: components with their package URLs', async () => {
  const analysis = await sample();
  const document = cycloneDxDocument(analysis, options) as {
    components: Record<string, unknown>[];
  } & Record<string, unknown>;
  assert.equal(document.bomFormat, 'CycloneDX');
  assert.equal(document.specVersion, '1.5');
  assert.match(
    String(document.serialNumber),
    /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  );
  assert.deepEqual(
    document.components.map((one) => [one.type, one.purl ?? one.name, one.licenses]),
    [
      ['operating-system', 'debian', undefined],
      ['library', 'pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12', undefined],
      ['library', 'pkg:npm/a@1.0.0', [{ expression: 'MIT OR Apache-2.0' }]],
      ['library', 'pkg:npm/evil%22%3C%3E%E2%80%AE@1%EF%BF%BD', [{ license: { name: 'GPLv3+' } }]],
      ['library', 'pkg:pypi/x@1', [{ license: { name: 'BSD, see file' } }]],
    ],
  );
  const references = document.components.map((one) => one['bom-ref']);
  assert.equal(new Set(references).size, references.length);
  assert.deepEqual(cycloneDxDocument(analysis, options), document);
});
