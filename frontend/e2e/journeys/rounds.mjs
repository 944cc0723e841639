export const rounds = () => [];
