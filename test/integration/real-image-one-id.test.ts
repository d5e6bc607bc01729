import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { berth, berthExecutable } from "../support/berth-executable.ts";
import { judge, noRealImage, type RealImage, realImage } from "../support/real-image.ts";

setDefaultTimeout(120_000);

/** Two ways of a user without subordinate ids, both as real machines have them. */
const situations = {
  "newuidmap is not installed": {
    reason: "newuidmap is not installed",
    /** A PATH with nothing but what tells the user's name. */
    wrap: (directory: string) => {
      const bin = join(directory, "bin");
      mkdirSync(bin, { recursive: true });
      return { argv: [berthExecutable], env: { PATH: bin } };
    },
  },
  "no entry in /etc/subuid": {
    reason: /no entry for \S+ in \/etc\/subuid/,
    /** The same user in a mount namespace where the file is empty. */
    wrap: () => {
      const map = [`--map-user=${process.getuid!()}`, `--map-group=${process.getgid!()}`];
      const script =
        'mount --bind /dev/null /etc/subuid && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"';
      return {
        argv: ["unshare", "-Um", "--keep-caps", ...map, "sh", "-c", script, "sh", berthExecutable],
        env: {},
      };
    },
  },
} as const;

const names = Object.keys(situations) as (keyof typeof situations)[];

describe.skipIf(noRealImage !== undefined).each(names)("with one id: %s", (situation) => {
  const { reason, wrap } = situations[situation];
  let image: RealImage;
  let root: string;
  let name: string;

  const run = async (...args: string[]) => {
    const { argv, env } = wrap(root);
    const child = Bun.spawn([...argv, ...args], {
      cwd: "/",
      env: { PATH: process.env.PATH, HOME: root, BERTH_ROOT: join(root, "data"), LANG: "C.UTF-8", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  };
  const bash = (script: string, ...flags: string[]) =>
    run("run", "--rm", "--network", "none", ...flags, name, "bash", "-euc", script);

  beforeAll(async () => {
    image = await realImage();
    root = image.newDirectory("one-id");
    name = image.name("OCI with gzip layers");
  });
  afterAll(async () => {
    await berth(root, ["rmi", "-f", name]);
  });

  test("a pull succeeds, and says once why there is one id", async () => {
    const { code, stderr } = await run("pull", name);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(reason) });
    expect(stderr.match(/one (user )?id/g)).toHaveLength(1);
  });

  test("true owners and modes are kept in an attribute, for what is pushed or saved", async () => {
    const script = `cd "$1"/*/var && getfattr --only-values -n user.containers.override_stat mail`;
    const owner = await judge(["sh", "-c", script, "sh", join(root, "data/layers")]);
    expect(owner).toMatch(/^0:8:0*2775$/);
  });

  test("programs run, and files of other users are readable", async () => {
    expect(
      await bash("apt-get --version | head -n 1; id -u; head -n 1 /etc/shadow | cut -d: -f1; ls /var/mail"),
    ).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^apt 2\..*\n0\nroot\n$/),
      stderr: expect.any(String),
    });
  });

  test("changing owners succeeds, and nginx serves", async () => {
    const script = `touch /tmp/a; chown www-data:mail /tmp/a; install -o 33 -g 33 /tmp/a /tmp/b; ls /tmp/b
      sed -i 's/^user .*/user root;/' /etc/nginx/nginx.conf # there is no other
      nginx
      for i in $(seq 100); do exec 3<> /dev/tcp/127.0.0.1/80 && break; sleep 0.1; done
      printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 20 grep -ac 'Welcome to nginx' <&3; nginx -s stop`;
    expect(await bash(script)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\/tmp\/b\n2\n/) });
  });

  test("another user of the image cannot be had, and that is said", async () => {
    const { code, stderr } = await bash("true", "-u", "www-data");
    expect({ code, stderr }).toEqual({ code: 125, stderr: expect.stringMatching(/www-data|33/) });
  });
});
