import type { TarEntry } from '../tar/tar-entry.ts';
import { type Budget, spend } from './budget.ts';
import type { LayerTree } from './layer-tree.ts';
import { readApkInstalled } from './packages/apk.ts';
import { readDpkgStatus } from './packages/dpkg.ts';
import { readPackageJson } from './packages/npm.ts';
import type { Package } from './packages/package.ts';
import { readPythonMetadata, sumOfRecord } from './packages/python.ts';
import { readRpmDatabase } from './packages/rpm.ts';
import type { ContentProbe } from './scan-layer.ts';
import { findSecret, type SecretKind, secretBytes } from './secrets.ts';

/** What the contents of a layer's files told. Nodes are the layer's. */
export interface LayerContents {
  readonly packages: readonly { readonly node: number; readonly packages: readonly Package[] }[];
  /** Package databases of which nothing could be made: damaged, too large, or of an unknown form. */
  readonly unread: readonly number[];
  /** Sizes that RECORD files of Python packages sum up to, by the node of the folder they lie in. */
  readonly recordedBytes: ReadonlyMap<number, number>;
  readonly secrets: readonly { readonly node: number; readonly kind: SecretKind }[];
  /** Fields of its os-release, if it has one. */
  readonly osRelease?: { readonly node: number; readonly fields: ReadonlyMap<string, string> };
}

interface Database {
  readonly path: RegExp;
  readonly mostBytes: number;
  /** Reads the beginning alone of a longer file, which else is passed over. */
  readonly cut?: boolean;
  /** Undefined for what it can make nothing of. */
  read(bytes: Buffer): Package[] | undefined;
}

const databases: readonly Database[] = [
  {
    path: /^var\/lib\/dpkg\/status(?:\.d\/[^/]+)?$/,
    mostBytes: 64 << 20,
    read: (bytes) => readDpkgStatus(bytes.toString()),
  },
  {
    path: /^(?:usr\/)?lib\/apk\/db\/installed$/,
    mostBytes: 64 << 20,
    read: (bytes) => readApkInstalled(bytes.toString()),
  },
  {
    path: /^(?:var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\/(?:rpmdb\.sqlite|Packages(?:\.db)?)$/,
    mostBytes: 256 << 20,
    read: readRpmDatabase,
  },
  {
    path: /\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/,
    mostBytes: 64 << 10,
    cut: true,
    read: (bytes) => readPythonMetadata(bytes.toString()),
  },
  {
    path: /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/,
    mostBytes: 1 << 20,
    read: (bytes) => readPackageJson(bytes.toString()),
  },
];

const recordPath = /\.dist-info\/RECORD$/;
const mostRecordBytes = 32 << 20;
const osReleasePath = /^(?:etc|usr\/lib)\/os-release$/;

/** Looks into package databases, likely secrets and os-release while a layer is scanned. */
export function layerProbe(
  tree: LayerTree,
  budget: Budget,
): { probe: ContentProbe; contents: LayerContents } {
  const contents = {
    packages: [] as { node: number; packages: Package[] }[],
    unread: [] as number[],
    recordedBytes: new Map<number, number>(),
    secrets: [] as { node: number; kind: SecretKind }[],
    osRelease: undefined as LayerContents['osRelease'],
  };
  const probe: ContentProbe = {
    wantedBytes(path, entry) {
      const database = databaseOf(path);
      // Of one that is too large a single byte is enough to say so.
      if (database)
        return isTooLarge(database, entry) ? 1 : Math.min(entry.sizeBytes, database.mostBytes);
      if (osReleasePath.test(path)) return 4096;
      if (recordPath.test(path) && entry.sizeBytes <= mostRecordBytes) return entry.sizeBytes;
      return secretBytes(path, entry.sizeBytes);
    },
    take({ path, node, entry }, bytes) {
      const database = databaseOf(path);
      if (database) {
        const packages = isTooLarge(database, entry) ? undefined : database.read(bytes);
        if (!packages || !spend(budget, 'packages', packages.length)) contents.unread.push(node);
        else if (packages.length > 0) contents.packages.push({ node, packages });
      } else if (recordPath.test(path)) {
        contents.recordedBytes.set(tree.paths.parentOf(node), sumOfRecord(bytes.toString()));
      } else if (osReleasePath.test(path)) {
        contents.osRelease = { node, fields: readOsRelease(bytes.toString()) };
      } else {
        const kind = findSecret(path, bytes);
        if (kind !== undefined && spend(budget, 'secrets', 1)) {
          contents.secrets.push({ node, kind });
        }
      }
    },
  };
  return { probe, contents };
}

function databaseOf(path: string): Database | undefined {
  // The last letter tells most files apart at little cost.
  const last = path.charCodeAt(path.length - 1);
  const isCandidate =
    path.startsWith('var/lib/dpkg/status.d/') || 'sdeAOnobD'.includes(String.fromCharCode(last));
  return isCandidate ? databases.find((one) => one.path.test(path)) : undefined;
}

function isTooLarge({ mostBytes, cut }: Database, { sizeBytes }: TarEntry): boolean {
  return sizeBytes > mostBytes && !cut;
}

function readOsRelease(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(?:"([^"\\]*)"|'([^']*)'|([^\s"']*))\s*$/.exec(line);
    if (match) fields.set(match[1]!, match[2] ?? match[3] ?? match[4] ?? '');
  }
  return fields;
}
