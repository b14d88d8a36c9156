/** A daemon reduced to taking output, for tests that kill it: node output-daemon.ts OPTIONS */
import { createOutputs } from '../../src/engine/io/output/outputs.ts';

const outputs = createOutputs({
  onFailure(error) {
    throw error;
  },
});
setInterval(() => {}, 1 << 30);
const options = JSON.parse(process.argv[2]!);
await outputs.open(options);
process.stdout.write('open\n');
await outputs.ended(options.id);
await outputs.close(options.id);
process.stdout.write('closed\n');
process.exit();
