import type { Rule } from '../rule.ts';
import { bl1000 } from './bl1000.ts';
import { bl1001 } from './bl1001.ts';
import { bl1002 } from './bl1002.ts';
import { bl1003 } from './bl1003.ts';
import { bl1004 } from './bl1004.ts';
import { bl1005 } from './bl1005.ts';
import { bl1006 } from './bl1006.ts';
import { bl1007 } from './bl1007.ts';
import { dl1000 } from './dl1000.ts';
import { dl1001 } from './dl1001.ts';
import { dl3000 } from './dl3000.ts';
import { dl3001 } from './dl3001.ts';
import { dl3002 } from './dl3002.ts';
import { dl3003 } from './dl3003.ts';
import { dl3004 } from './dl3004.ts';
import { dl3006 } from './dl3006.ts';
import { dl3007 } from './dl3007.ts';
import { dl3008 } from './dl3008.ts';
import { dl3009 } from './dl3009.ts';
import { dl3010 } from './dl3010.ts';
import { dl3011 } from './dl3011.ts';
import { dl3012 } from './dl3012.ts';
import { dl3013 } from './dl3013.ts';
import { dl3014 } from './dl3014.ts';
import { dl3015 } from './dl3015.ts';
import { dl3016 } from './dl3016.ts';
import { dl3018 } from './dl3018.ts';
import { dl3019 } from './dl3019.ts';
import { dl3020 } from './dl3020.ts';
import { dl3021 } from './dl3021.ts';
import { dl3022 } from './dl3022.ts';
import { dl3023 } from './dl3023.ts';
import { dl3024 } from './dl3024.ts';
import { dl3025 } from './dl3025.ts';
import { dl3026 } from './dl3026.ts';
import { dl3027 } from './dl3027.ts';
import { dl3028 } from './dl3028.ts';
import { dl3029 } from './dl3029.ts';
import { dl3030 } from './dl3030.ts';
import { dl3032 } from './dl3032.ts';
import { dl3033 } from './dl3033.ts';
import { dl3034 } from './dl3034.ts';
import { dl3035 } from './dl3035.ts';
import { dl3036 } from './dl3036.ts';
import { dl3037 } from './dl3037.ts';
import { dl3038 } from './dl3038.ts';
import { dl3040 } from './dl3040.ts';
import { dl3041 } from './dl3041.ts';
import { dl3042 } from './dl3042.ts';
import { dl3043 } from './dl3043.ts';
import { dl3044 } from './dl3044.ts';
import { dl3045 } from './dl3045.ts';
import { dl3046 } from './dl3046.ts';
import { dl3047 } from './dl3047.ts';
import { dl3048 } from './dl3048.ts';
import { dl3049 } from './dl3049.ts';
import { dl3050 } from './dl3050.ts';
import { dl3051 } from './dl3051.ts';
import { dl3052 } from './dl3052.ts';
import { dl3053 } from './dl3053.ts';
import { dl3054 } from './dl3054.ts';
import { dl3055 } from './dl3055.ts';
import { dl3056 } from './dl3056.ts';
import { dl3057 } from './dl3057.ts';
import { dl3058 } from './dl3058.ts';
import { dl3059 } from './dl3059.ts';
import { dl3060 } from './dl3060.ts';
import { dl3061 } from './dl3061.ts';
import { dl3062 } from './dl3062.ts';
import { dl3063 } from './dl3063.ts';
import { dl3064 } from './dl3064.ts';
import { dl3065 } from './dl3065.ts';
import { dl3066 } from './dl3066.ts';
import { dl3067 } from './dl3067.ts';
import { dl4000 } from './dl4000.ts';
import { dl4001 } from './dl4001.ts';
import { dl4003 } from './dl4003.ts';
import { dl4004 } from './dl4004.ts';
import { dl4005 } from './dl4005.ts';
import { dl4006 } from './dl4006.ts';

/** Reported by the linter itself. */
export const parseErrorRule: Rule = dl1000;

/** Reported by the linter itself, of what the parser refuses. */
export const triggerRule: Rule = dl3043;

/** Every rule, in the order of their codes. */
export const allRules: readonly Rule[] = [
  bl1000,
  bl1001,
  bl1002,
  bl1003,
  bl1004,
  bl1005,
  bl1006,
  bl1007,
  dl1000,
  dl1001,
  dl3000,
  dl3001,
  dl3002,
  dl3003,
  dl3004,
  dl3006,
  dl3007,
  dl3008,
  dl3009,
  dl3010,
  dl3011,
  dl3012,
  dl3013,
  dl3014,
  dl3015,
  dl3016,
  dl3018,
  dl3019,
  dl3020,
  dl3021,
  dl3022,
  dl3023,
  dl3024,
  dl3025,
  dl3026,
  dl3027,
  dl3028,
  dl3029,
  dl3030,
  dl3032,
  dl3033,
  dl3034,
  dl3035,
  dl3036,
  dl3037,
  dl3038,
  dl3040,
  dl3041,
  dl3042,
  dl3043,
  dl3044,
  dl3045,
  dl3046,
  dl3047,
  dl3048,
  dl3049,
  dl3050,
  dl3051,
  dl3052,
  dl3053,
  dl3054,
  dl3055,
  dl3056,
  dl3057,
  dl3058,
  dl3059,
  dl3060,
  dl3061,
  dl3062,
  dl3063,
  dl3064,
  dl3065,
  dl3066,
  dl3067,
  dl4000,
  dl4001,
  dl4003,
  dl4004,
  dl4005,
  dl4006,
];
