import type {
  ExposeInstruction,
  MaintainerInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from '../instruction.ts';
import { trimSpace } from '../space.ts';
import { SyntaxFault } from '../syntax-error.ts';
import { blankSeparated, jsonWords } from '../words.ts';
import { argsFault, argsOf, common, onlyArgument, type Request, readFlags } from './request.ts';

export function parseExpose(request: Request): ExposeInstruction {
  const ports = blankSeparated(argsOf(request));
  if (ports.length === 0) throw argsFault(request, 'EXPOSE requires at least one argument');
  readFlags(request, {});
  return { ...common('expose', request), ports };
}

export function parseMaintainer(request: Request): MaintainerInstruction {
  const author = onlyArgument(request);
  readFlags(request, {});
  return { ...common('maintainer', request), author };
}

export function parseUser(request: Request): UserInstruction {
  const user = onlyArgument(request);
  readFlags(request, {});
  return { ...common('user', request), user };
}

export function parseWorkdir(request: Request): WorkdirInstruction {
  const path = onlyArgument(request);
  readFlags(request, {});
  return { ...common('workdir', request), path };
}

/** Flags before the signal are read over, as BuildKit does. */
export function parseStopsignal(request: Request): StopsignalInstruction {
  return { ...common('stopsignal', request), signal: onlyArgument(request) };
}

export function parseVolume(request: Request): VolumeInstruction {
  const args = argsOf(request);
  const json = jsonWords(args);
  const words = json ?? blankSeparated(args);
  if (words.length === 0) throw argsFault(request, 'VOLUME requires at least one argument');
  readFlags(request, {});
  const paths = words.map(({ text, range }) => {
    const path = trimSpace(text);
    if (path !== '') return { text: path, range };
    throw new SyntaxFault('VOLUME specified can not be an empty string', range);
  });
  return { ...common('volume', request), paths, json: json !== undefined };
}
