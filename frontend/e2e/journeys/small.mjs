export const smallThings = () => [];
