import { createHash } from 'node:crypto';
import { isLicenseExpression } from '../../../core/index.ts';
import type { ImageAnalysis } from '../analyze-image.ts';
import type { InstalledPackage } from '../inventory.ts';
import { distributionOf, purlOf } from './purl.ts';

export interface SbomOptions {
  /** The image's name. */
  readonly name: string;
  /** When it is written, RFC 3339. */
  readonly created: string;
}

const tool = 'berth';

/**
 * The packages of an image as an SPDX 2.3 document (spdx.github.io/spdx-spec/v2.3), its identifiers
 * the same for the same image and name.
 */
export function spdxDocument(analysis: ImageAnalysis, { name, created }: SbomOptions): object {
  const distribution = distributionOf(analysis.inventory.osRelease);
  const packages = unique(analysis);
  const image = {
    SPDXID: 'SPDXRef-image',
    name,
    versionInfo: contentDigest(analysis),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    primaryPackagePurpose: 'CONTAINER',
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
  };
  const described = packages.map((one, index) => ({
    SPDXID: `SPDXRef-package-${index + 1}`,
    name: one.name,
    versionInfo: one.version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    sourceInfo: `found in ${one.path} of layer ${one.layer}`,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: isExpression(one.license) ? one.license : 'NOASSERTION',
    ...(one.license && !isExpression(one.license) && { licenseComments: one.license }),
    copyrightText: 'NOASSERTION',
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: purlOf(one, distribution),
      },
    ],
  }));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://spdx.org/spdxdocs/${tool}-${uuidOf(analysis, `${name} ${created}`)}`,
    creationInfo: { created, creators: [`Tool: ${tool}`] },
    packages: [image, ...described],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', image.SPDXID),
      ...described.map(({ SPDXID }) => relation(image.SPDXID, 'CONTAINS', SPDXID)),
    ],
  };
}

function relation(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** The same as a CycloneDX 1.5 document (cyclonedx.org/docs/1.5/json). */
export function cycloneDxDocument(analysis: ImageAnalysis, { name, created }: SbomOptions): object {
  const { osRelease } = analysis.inventory;
  const distribution = distributionOf(osRelease);
  const components = unique(analysis).map((one, index) => {
    const purl = purlOf(one, distribution);
    return {
      type: 'library',
      'bom-ref': `${index + 1}-${purl}`,
      name: one.name,
      version: one.version,
      ...(one.license && {
        licenses: isExpression(one.license)
          ? [{ expression: one.license }]
          : [{ license: { name: one.license } }],
      }),
      purl,
      properties: [
        { name: 'berth:path', value: one.path },
        { name: 'berth:layer', value: analysis.layers[one.layer]!.diffId },
      ],
    };
  });
  const system = distribution.id && {
    type: 'operating-system',
    'bom-ref': 'operating-system',
    name: distribution.id,
    ...(distribution.version && { version: distribution.version }),
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(analysis, `${name} ${created}`)}`,
    version: 1,
    metadata: {
      timestamp: created,
      tools: { components: [{ type: 'application', name: tool }] },
      component: { type: 'container', 'bom-ref': 'image', name, version: contentDigest(analysis) },
    },
    components: [...(system ? [system] : []), ...components],
  };
}

/** Other licenses are passed on as names. */
function isExpression(license: string | undefined): license is string {
  return license !== undefined && isLicenseExpression(license);
}

/** Each package once, though two files may tell of it. */
function unique({ inventory }: ImageAnalysis): InstalledPackage[] {
  const seen = new Set<string>();
  return inventory.packages.filter((one) => {
    const inPlace = one.kind === 'npm' || one.kind === 'pypi' ? one.path : '';
    const key = [one.kind, one.name, one.version, one.architecture, inPlace].join(' ');
    return !seen.has(key) && seen.add(key);
  });
}

/** What stands for the image's content: the digest over its layers' own digests. */
function contentDigest({ layers }: ImageAnalysis): string {
  const hash = createHash('sha256');
  for (const { diffId } of layers) hash.update(`${diffId}\n`);
  return `sha256:${hash.digest('hex')}`;
}

/** A UUID (version 8, RFC 9562) that is the same for the same image and salt. */
function uuidOf(analysis: ImageAnalysis, salt: string): string {
  const bytes = createHash('sha256')
    .update(`${contentDigest(analysis)} ${salt}`)
    .digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
