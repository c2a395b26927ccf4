/** Type parameters that stand for requests and responses. */

export type Constructor = abstract new (...args: any) => any;

/** What a parameter stands for: the instances, also if it is the class. */
export type Instance<T> = T extends Constructor ? InstanceType<T> : T;
