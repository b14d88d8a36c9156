import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instructionOf } from './layer-command.ts';

/** Lines of history by docker build, old and new, buildah, and what has none. */
const cases: [line: string | undefined, instruction: string][] = [
  ['/bin/sh -c #(nop) COPY file:1 in / ', 'COPY file:1 in /'],
  ['/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'],
  ['/bin/sh -c rm  /a', 'RUN rm /a'],
  ['|2 A=1 B=p q /bin/sh -c make', 'RUN make'],
  ['RUN /bin/sh -c make # buildkit', 'RUN make'],
  ['RUN |2 A=1 B=p q /bin/sh -c make # buildkit', 'RUN make'],
  ['RUN /bin/bash -o pipefail -c make # buildkit', 'RUN /bin/bash -o pipefail -c make'],
  ['RUN |1 A=1 /bin/bash -o pipefail -ec make # buildkit', 'RUN /bin/bash -o pipefail -ec make'],
  ['COPY . /src # buildkit', 'COPY . /src'],
  ['WORKDIR /app', 'WORKDIR /app'],
  ['/bin/sh', '/bin/sh'],
  [undefined, '(missing)'],
];
for (const [line, instruction] of cases) {
  test(`made by ${line}`, () => {
    const history = line === undefined ? undefined : { created_by: line };
    assert.equal(instructionOf({ history }), instruction);
  });
}
