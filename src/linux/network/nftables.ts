import koffi from 'koffi';
import { internal, unsupported } from '../../core/index.ts';
import { call, callElsewhere } from '../libc.ts';

/**
 * nftables by way of libnftables, the library inside nft(8): same language, same errors, no process
 * to start. It works on the network namespace the daemon runs in.
 */
export interface Nftables extends Disposable {
  /**
   * Carries out a script, as `nft -f` does: all of it in one transaction, or nothing. Throws
   * `internal` with nft's own words, which show the failing line.
   */
  run(script: string): Promise<void>;
  /** What `nft --json --terse` answers, such as to `list chains`. */
  query(command: string): Promise<NftObject[]>;
}

/** One object of libnftables-json(5), such as `{ chain: { family, table, name, … } }`. */
export type NftObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Characters of a script that takes a tenth of a millisecond. */
const shortScript = 2000;
const defaultContext = 0;
const output = { json: 1 << 4, terse: 1 << 11 };

/** Throws `unsupported` when the library is not installed. */
export function openNftables(): Nftables {
  const library = loadLibrary();
  const context = library.create(defaultContext);
  if (!context) throw internal('open nftables: no netlink socket');
  library.bufferOutput(context);
  library.bufferError(context);
  library.setFlags(context, output.json | output.terse);
  let last: Promise<unknown> = Promise.resolve();

  let closed = false;

  // A context holds one command's output at a time.
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  }
  async function execute(script: string): Promise<string> {
    if (closed) throw internal('change nftables: closed');
    // A short script, such as some elements, is done sooner than another thread is awake.
    const run = script.length <= shortScript ? call : callElsewhere;
    const result = await run(library.run, context, script);
    if (result !== 0) {
      const reason = String(library.errorText(context)).trim();
      throw internal(`change nftables: ${reason}`, { details: { script } });
    }
    return String(library.outputText(context));
  }
  async function query(command: string): Promise<NftObject[]> {
    const text = await inTurn(() => execute(command));
    const { nftables = [] } = JSON.parse(text || '{}') as { nftables?: NftObject[] };
    return nftables.filter((object) => !('metainfo' in object));
  }
  return {
    run: (script) => inTurn(async () => void (await execute(script))),
    query,
    [Symbol.dispose]() {
      // After what is under way; freeing twice would end the process.
      if (!closed) void inTurn(async () => call(library.free, context));
      closed = true;
    },
  };
}

type Library = ReturnType<typeof declareLibrary>;
let loaded: Library | undefined;

function loadLibrary(): Library {
  try {
    loaded ??= declareLibrary();
    return loaded;
  } catch (cause) {
    throw unsupported('load libnftables.so.1: install the package nftables (libnftables1)', {
      cause,
    });
  }
}

function declareLibrary() {
  const library = koffi.load('libnftables.so.1');
  return {
    create: library.func('void *nft_ctx_new(uint32_t flags)'),
    free: library.func('void nft_ctx_free(void *context)'),
    bufferOutput: library.func('int nft_ctx_buffer_output(void *context)'),
    bufferError: library.func('int nft_ctx_buffer_error(void *context)'),
    setFlags: library.func('void nft_ctx_output_set_flags(void *context, unsigned int flags)'),
    run: library.func('int nft_run_cmd_from_buffer(void *context, const char *script)'),
    outputText: library.func('const char *nft_ctx_get_output_buffer(void *context)'),
    errorText: library.func('const char *nft_ctx_get_error_buffer(void *context)'),
  };
}
