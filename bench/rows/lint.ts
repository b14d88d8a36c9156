import { lintDockerfile } from '../../src/dockerfile/lint/index.ts';
import { type Row, timed } from '../row.ts';

/** A file of ordinary size: two stages, long RUNs, most instructions. */
const text = `# syntax=docker/dockerfile:1
ARG TAG=12
FROM debian:$TAG AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends build-essential=12.9 \\
    curl=7.88.1-10 git=1:2.39.5-0 ca-certificates=20230311 \\
  && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN make -j"$(nproc)" && if [ -d dist ]; then cp -r dist /out; else exit 1; fi
FROM debian:$TAG
ENV NODE_ENV=production PORT=8080
RUN wget https://example.com/x | tar x && pip install flask
COPY --from=build /out /app
EXPOSE 8080
USER 1000
HEALTHCHECK CMD ["curl", "-f", "http://localhost:8080"]
ENTRYPOINT ["/app/server"]
CMD ["--port", "8080"]
`;

const files = 2000;

/** No peer is in Debian, so the other side is the rate that is wanted. */
export const lintRows: Row[] = [
  {
    name: 'Dockerfiles linted, one core, no ShellCheck',
    goal: 1,
    unit: '1/s',
    sides: {
      berth: async () => {
        const seconds = await timed(async () => {
          for (let index = 0; index < files; index++) lintDockerfile(text);
        });
        return files / seconds;
      },
      wanted: async () => 1000,
    },
  },
];
