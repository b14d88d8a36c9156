import { once } from 'node:events';
import type { ReadStream, WriteStream } from 'node:tty';
import { errorMessage } from '../../../core/index.ts';
import { drawView } from './draw-view.ts';
import { decodeKeys } from './keys.ts';
import { pressKey, type ViewState } from './view-state.ts';

const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';

export interface ViewPorts {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** Writes the files at a path of the tree somewhere, and says where. */
  readonly extract: (path: number) => Promise<string>;
}

/**
 * Shows the view on a terminal until the user quits. The terminal is given back as it was,
 * whatever happens meanwhile.
 */
export async function runView(
  state: ViewState,
  { input, output, extract }: ViewPorts,
): Promise<void> {
  const ended = new AbortController();
  const painter = createPainter(output);
  const paint = () => painter.paint(drawView(state, sizeOf(output)));
  const repaint = () => {
    painter.forget();
    paint();
  };
  const restore = () => {
    input.setRawMode(false);
    output.write(leave);
  };
  const stop = () => ended.abort();
  const read = (text: string) => {
    // All keys that have come are taken before anything is drawn, so held keys do not pile up.
    for (const key of decodeKeys(text)) {
      pressKey(state, key);
      if (state.quit) return stop();
    }
    startExtracting();
    paint();
  };
  const startExtracting = () => {
    const path = state.extract;
    if (path === undefined) return;
    state.extract = undefined;
    state.message = 'extracting …';
    const tell = (message: string) => {
      state.message = message;
      if (!ended.signal.aborted) paint();
    };
    extract(path).then(tell, (error) => tell(errorMessage(error)));
  };
  process.once('exit', restore);
  process.once('SIGTERM', stop);
  process.once('SIGHUP', stop);
  try {
    input.setRawMode(true);
    input.setEncoding('utf8').on('data', read).once('end', stop);
    output.on('resize', repaint);
    output.write(enter);
    repaint();
    if (!ended.signal.aborted) await once(ended.signal, 'abort');
  } finally {
    input.off('data', read).off('end', stop).pause();
    output.off('resize', repaint);
    process.off('exit', restore).off('SIGTERM', stop).off('SIGHUP', stop);
    restore();
  }
}

function sizeOf({ columns, rows }: WriteStream): { columns: number; rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}

/** Writes only the lines that differ from those on the screen. */
function createPainter(output: WriteStream) {
  let shown: string[] = [];
  return {
    paint(lines: readonly string[]): void {
      let text = '';
      for (const [row, line] of lines.entries()) {
        if (line !== shown[row]) text += `\x1b[${row + 1};1H${line}\x1b[K`;
      }
      shown = [...lines];
      if (text !== '') output.write(text);
    },
    forget(): void {
      shown = [];
      output.write('\x1b[2J');
    },
  };
}
