/** Where the resolver of a member of user-defined networks listens, as Docker's does. */
export const nameServerAddress = "127.0.0.11";
