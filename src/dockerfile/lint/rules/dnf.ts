/** dnf under all its names. */
export const dnfPrograms = ['dnf', 'dnf5', 'microdnf'];
