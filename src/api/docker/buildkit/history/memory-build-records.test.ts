import { buildRecordsContract } from './build-records-contract.ts';
import { memoryBuildRecords } from './memory-build-records.ts';

buildRecordsContract('memory', async (work) => work(memoryBuildRecords()));
