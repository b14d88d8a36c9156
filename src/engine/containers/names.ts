import { randomInt } from 'node:crypto';
import { conflict, invalid, shortId } from '../../core/index.ts';

const allowed = '[a-zA-Z0-9][a-zA-Z0-9_.-]';
const pattern = new RegExp(`^${allowed}+$`);

/** A container name without the slash that Docker's API adds. Throws `invalid` in Docker's words. */
export function parseContainerName(text: string): string {
  const name = text.replace(/^\//, '');
  if (!pattern.test(name)) {
    throw invalid(`Invalid container name (${text}), only ${allowed} are allowed`);
  }
  return name;
}

export function nameTaken(name: string, ownerId: string): Error {
  return conflict(
    `Conflict. The container name "/${name}" is already in use by container "${ownerId}". ` +
      'You have to remove (or rename) that container to be able to reuse that name.',
    { code: 'NAME_IN_USE' },
  );
}

const qualities =
  `able airy amber apt azure balmy blithe bold brave breezy bright brisk calm candid civil clear
  clever cosy crisp deft eager fair fleet fond frank free fresh gentle glad golden good grand happy
  hardy honest humble jolly keen kind lively loyal lucid mellow merry mild modest neat nimble noble
  patient plain polite proud quick quiet ready serene sharp silent sincere smart snug sober steady
  still sturdy sunny swift tidy tranquil trusty vivid warm wise witty zesty`.split(/\s+/);

const vessels =
  `anchor ballast barge beacon bollard boom bowline brig buoy capstan caravel clipper coaster cog
  compass corvette cutter dhow dinghy dory ferry freighter frigate galleon galley gangway gig halyard
  harbor hawser helm hulk jetty junk kayak keel ketch launch lighter lugger mainsail mast mooring
  nacelle oar outrigger packet pennant pier pilot pinnace proa prow punt quay raft rigger rudder
  sampan schooner scow sextant skiff sloop spar tender tiller trawler trimaran tug wharf wherry yawl`.split(
    /\s+/,
  );

const attempts = 6;

/** A name nobody has: two words, then two words and a digit, at last the id's first digits. */
export function randomName(id: string, isTaken: (name: string) => boolean): string {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const words = `${pick(qualities)}_${pick(vessels)}`;
    const name = attempt === 0 ? words : `${words}${randomInt(10)}`;
    if (!isTaken(name)) return name;
  }
  return shortId(id);
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)]!;
}
