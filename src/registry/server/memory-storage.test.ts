import { memoryStorage } from './memory-storage.ts';
import { registryStorageContract } from './storage-contract.ts';

registryStorageContract('memory', (work) => work(memoryStorage()));
