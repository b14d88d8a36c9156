import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { casesFolder } from './golden-case.ts';

/**
 * Each instruction and flag, with the beginnings of the names of cases in which it works and in which
 * it is refused. Those in `parsed` stand in src/dockerfile/testdata, which knows the reason.
 */
const table: [what: string, works: string[], refused: string[]][] = [
  [
    'FROM',
    ['from-scratch', 'from-arg', 'from-configured'],
    ['from-none', 'from-two', 'from-unknown'],
  ],
  ['FROM AS', ['from-as', 'from-duplicate'], ['from-stage-bad-name', 'cyclic-stages']],
  ['FROM --platform', ['from-platform'], ['from-bad-platform', 'from-unknown-flag']],
  ['--target', ['from-target'], ['from-target-unknown']],
  ['ARG', ['arg-scopes', 'arg-several', 'arg-empty'], ['arg-none', 'arg-blank-name']],
  ['ENV', ['env-forms', 'env-dollar', 'env-trim'], ['env-none', 'env-unclosed', 'env-required']],
  ['LABEL', ['label-forms', 'label-flag'], ['label-none', 'label-one', 'label-blank']],
  ['MAINTAINER', ['maintainer'], ['maintainer-none']],
  ['EXPOSE', ['expose-forms', 'expose-host'], ['expose-none', 'expose-bad', 'expose-too-high']],
  ['VOLUME', ['volume-forms'], ['volume-none', 'volume-empty']],
  ['USER', ['user-forms', 'user-home'], ['user-none', 'user-unknown']],
  ['WORKDIR', ['workdir-relative', 'workdir-through-link'], ['workdir-none', 'workdir-on-file']],
  ['STOPSIGNAL', ['stopsignal-name', 'stopsignal-number'], ['stopsignal-none', 'stopsignal-bad']],
  ['CMD', ['cmd-forms', 'cmd-shell'], ['parsed error-run-json-numbers']],
  ['ENTRYPOINT', ['entrypoint-shell', 'entrypoint-then'], ['parsed error-run-json-numbers']],
  ['SHELL', ['shell-forms'], ['shell-none', 'shell-empty', 'shell-not-json', 'shell-not-found']],
  ['HEALTHCHECK', ['healthcheck-forms', 'healthcheck-none-form'], ['healthcheck-missing']],
  ['HEALTHCHECK --interval', ['healthcheck-forms'], ['healthcheck-bad-int', 'healthcheck-short']],
  ['HEALTHCHECK --timeout', ['healthcheck-zero-interval'], ['parsed error-healthcheck-unit']],
  ['HEALTHCHECK --start-period', ['healthcheck-forms'], ['parsed error-healthcheck-bad-duration']],
  ['HEALTHCHECK --start-interval', ['healthcheck-forms'], ['healthcheck-unknown-flag']],
  ['HEALTHCHECK --retries', ['healthcheck-zero-retries'], ['healthcheck-negative-retries']],
  ['ONBUILD', ['onbuild-forms', 'onbuild-heredoc'], ['onbuild-none', 'onbuild-onbuild']],
  ['RUN', ['run-shell', 'run-exec', 'run-modes'], ['run-exit-code', 'run-exec-not-found']],
  ['RUN <<', ['run-heredoc-two', 'run-heredoc-tabs'], ['run-heredoc-unterminated']],
  ['RUN --mount=type=bind', ['run-mount-bind-rw'], ['run-mount-bind-missing']],
  ['RUN --mount=type=cache', ['run-mount-cache-mode'], ['run-mount-cache-sharing-bad']],
  ['RUN --mount=type=tmpfs', ['run-mount-tmpfs-size'], ['parsed error-run-mount-bad-size']],
  ['RUN --mount=type=secret', ['run-mount-secret-env'], ['run-mount-secret-required']],
  ['RUN --mount=type=ssh', ['run-mount-ssh-missing'], ['run-mount-ssh-required']],
  ['RUN --mount', ['run-mount-several'], ['run-mount-bad-type', 'run-mount-bad-key']],
  ['RUN --network', ['run-network-none', 'run-network-default'], ['run-network-bad']],
  ['RUN --security', ['run-security-sandbox'], ['run-security-bad', 'run-security-insecure']],
  ['RUN --device', ['run-device-optional'], ['run-device-bad']],
  ['COPY', ['copy-file', 'copy-dir', 'copy-wildcards'], ['copy-missing', 'copy-one-argument']],
  ['COPY <<', ['copy-heredoc-several'], ['parsed error-copy-heredoc-destination']],
  ['COPY --from', ['copy-from-stage', 'copy-from-image'], ['copy-from-bad', 'copy-from-cycle']],
  ['COPY --chown', ['copy-chown-names', 'copy-chown-number'], ['copy-chown-unknown']],
  ['COPY --chmod', ['copy-chmod-symbolic', 'copy-chmod-octal'], ['copy-chmod-bad']],
  ['COPY --link', ['copy-link-flag', 'copy-link-chown'], ['copy-flag-bad-boolean']],
  ['COPY --parents', ['copy-parents', 'copy-parents-pivot'], ['copy-parents-missing']],
  ['COPY --exclude', ['copy-exclude', 'copy-exclude-deep'], ['copy-exclude-bad']],
  ['ADD', ['add-file', 'add-tar', 'add-url'], ['add-missing', 'add-one-argument', 'add-url-404']],
  ['ADD --checksum', ['add-url-checksum-right'], ['add-url-checksum', 'add-checksum-file']],
  ['ADD --unpack', ['add-tar-unpack-false', 'add-tar-unpack-true'], ['add-unpack-bad']],
  ['ADD --keep-git-dir', ['add-keep-git-dir-file'], ['add-keep-git-dir-bad']],
  ['ADD --chown', ['add-tar-chown'], ['add-chown-unknown']],
  ['ADD --chmod', ['add-tar-chmod', 'add-url-chmod'], ['add-chmod-bad']],
  ['ADD --link', ['add-link-file', 'add-tar-link'], ['add-link-bad']],
  ['ADD --exclude', ['add-exclude'], ['add-exclude-bad']],
  ['# escape', ['escape-backtick'], ['escape-bad', 'directive-twice']],
  ['# check', ['check-skip'], ['check-error']],
  ['.dockerignore', ['ignore-negated', 'ignore-deep'], ['ignore-bad', 'ignore-copied-file']],
];

const names = readdirSync(casesFolder);
const parsedFolder = join(casesFolder, '../../../../src/dockerfile/testdata');

function holds(prefix: string, kind: 'image' | 'error'): boolean {
  const [, parsed] = /^parsed (.*)/.exec(prefix) ?? [];
  if (parsed !== undefined) return existsSync(join(parsedFolder, parsed, 'error.txt'));
  return names.some((name) => {
    const at = (file: string) => existsSync(join(casesFolder, name, file));
    const other = kind === 'image' ? 'error' : 'image';
    const isSo = at(`berth-${kind}.txt`) || (at(`${kind}.txt`) && !at(`berth-${other}.txt`));
    return name.startsWith(prefix) && isSo;
  });
}

for (const [what, works, refused] of table) {
  test(`${what} has a case that works and one that is refused`, () => {
    for (const name of works) assert.ok(holds(name, 'image'), name);
    for (const name of refused) assert.ok(holds(name, 'error'), name);
  });
}
