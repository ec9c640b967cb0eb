using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Audit.Testing;

/// <summary>
/// Secrets of fifteen kinds at places where programs leave them, each place and each wrapping drawn by a seed:
/// written apart from the rules, and from <see cref="PlantedSecrets"/>. No file of the checkout holds what looks like
/// one of them.
/// </summary>
public sealed class PlacedSecrets
{
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Digits = "0123456789";
    private const string Plain = Upper + "abcdefghijklmnopqrstuvwxyz" + Digits;

    /// <summary>So many letters of a secret are found nowhere, for the rest of it could be guessed.</summary>
    private const int Telling = 12;

    /// <summary>Where a token stands that shows by its own build what it is.</summary>
    private static readonly string[] OfTokens =
    [
        "curl -sS -H 'Authorization: Bearer {0}' https://api.example.org/v1", "curl -u {0}: https://api.example.org/v1/charges",
        "curl -u bob:{0} https://example.org", "curl -H \"X-Api-Key: {0}\" https://example.org", "curl -H x-goog-api-key:{0} x",
        "wget --header=\"PRIVATE-TOKEN: {0}\" https://gitlab.example.org/api", "http GET h Authorization:\"token {0}\"",
        "docker login ghcr.io -u bob -p {0}", "docker login --username=bob --password={0} registry.example.org",
        "echo {0} | docker login ghcr.io -u bob --password-stdin", "printf %s \"{0}\" | gh auth login --with-token",
        "git remote set-url origin https://oauth2:{0}@git.example.org/a/b.git", "git clone https://{0}@git.example.org/a/b",
        "git clone https://x-access-token:{0}@git.example.org/a/b.git /tmp/b", "origin\thttps://bob:{0}@git.example.org/a/b.git (fetch)",
        "git -c http.extraheader=\"AUTHORIZATION: bearer {0}\" fetch", "psql postgresql://app:{0}@db.example.org:5432/orders?sslmode=require",
        "export KEY={0}; ./run", "KEY={0} ./run --now", "env:\n  - name: K\n    value: {0}\n", "key: {0}\nnext: 1", "- {0}\n- b",
        "$env:KEY = '{0}'", "Set-Item -Path env:KEY -Value {0}", "setx KEY \"{0}\"", "$h = @{{ 'X-Api-Key' = \"{0}\" }}",
        "Invoke-RestMethod -Headers @{{Authorization = \"Bearer {0}\"}} -Uri https://example.org",
        "[Environment]::SetEnvironmentVariable('KEY', '{0}', 'User')", "https://h.example.org/cb?state=1&t={0}&z=2#f",
        "{{\"a\":{{\"b\":[\"{0}\"]}}}}", "<string>{0}</string>", "`{0}`", "({0})", "a,{0},b", "x|{0}|y", "k={0};b", "bad key {0}.",
        "\u001b[31m{0}\u001b[0m", "\u001b[1;32m+{0}\u001b[m", "A=1\0KEY={0}\0B=2", "key\u00e9 \u00ab{0}\u00bb \ud83d\ude80",
        "INSERT INTO k VALUES ('{0}', 1)", "kubectl create secret generic k --from-literal=k={0}", "k = \"{0}\" # it",
        "12:k={0}", "+KEY={0}\n-KEY=", "> KEY={0}", "HTTP/1.1 200 OK\r\nX-Key: {0}\r\n\r\n", "new Client(\"{0}\")",
        "panic: bad key \\\"{0}\\\" at main.go:7", "2026-01-02T03:04:05Z INFO key={0} ok=true", "\\x1b[31m{0}\\x1b[0m",
        "\\u001b[31m{0}\\u001b[0m", "\\033[0;31m{0}\\033[0m", "'\\x27{0}\\x27'", "__{0}__", "**{0}**", "~{0}~", "key:{0}",
    ];

    /// <summary>Where a password stands that nothing but its neighbours shows.</summary>
    private static readonly string[] OfPasswords =
    [
        "psql postgresql://app:{0}@db.example.org:5432/orders", "psql \"host=h user=app password={0} dbname=d\"",
        "PGPASSWORD={0} psql -h h -U app", "export PGPASSWORD='{0}'", "postgres://h/d?user=app&password={0}",
        "jdbc:postgresql://h:5432/d?user=app&password={0}&ssl=true", "curl -u app:{0} https://example.org",
        "curl --user 'app:{0}' https://example.org", "docker login -u app -p {0} registry.example.org",
        "docker login registry.example.org --username app --password {0}", "echo '{0}' | docker login -u a --password-stdin",
        "git clone https://app:{0}@git.example.org/a/b", "DB_PASSWORD={0}", "DB_PASSWORD=\"{0}\"\nDB_HOST=h", "db_password: {0}\n",
        "database:\n  user: app\n  password: \"{0}\"\n", "spring.datasource.password={0}", "  password : '{0}'", "password: |\n  {0}\n",
        "password: >-\n    {0}\n", "$env:DB_PASSWORD = \"{0}\"", "$password = '{0}'", "[Environment]::SetEnvironmentVariable('DB_PASSWORD', '{0}')",
        "Set-Item -Path Env:DB_PASSWORD -Value '{0}'", "$c = ConvertTo-SecureString -String '{0}' -AsPlainText -Force",
        "ConvertTo-SecureString '{0}' -AsPlainText -Force", "New-LocalUser -Name a -Password '{0}'", "@{{ Password = '{0}' }}",
        "{{\"user\":\"a\",\"password\":\"{0}\"}}", "{{'password': '{0}'}}", "password => '{0}'", "Server=h;User Id=sa;Password={0};",
        "mysql -uroot -p{0} d", "mysql --password={0} -u root", "redis://:{0}@h:6379/0", "redis-cli -a {0} ping", "sshpass -p '{0}' ssh a@h",
        "MYSQL\0-u\0root\0--password={0}\0d", "A=1\0DB_PASSWORD={0}\0C=2", "-e DB_PASSWORD={0} image", "--env DB_PASSWORD={0}",
        "ENV DB_PASSWORD={0}", "ARG DB_PASSWORD={0}", "docker run -e \"POSTGRES_PASSWORD={0}\" postgres",
        "<password>{0}</password>", "<add name=\"Password\" value=\"{0}\"/>", "[db]\npassword = {0}\n", "machine h login a password {0}",
        "ALTER USER app WITH PASSWORD '{0}';", "curl -d 'user=a&password={0}' https://example.org/login",
        "curl -F password={0} https://example.org", "curl -d '{{\"password\":\"{0}\"}}' https://example.org", "amqp://app:{0}@h:5672/v",
        "mongodb://app:{0}@a:27017,b:27017/d?replicaSet=r", "AZURE_CLIENT_SECRET={0}", "client_secret={0}&grant_type=x",
        "helm install a b --set auth.password={0}", "terraform apply -var db_password={0}", "ansible all -e 'ansible_password={0}'",
        "aws rds create-db-instance --master-user-password {0}", "az sql server create --admin-password {0}",
        "\u001b[36mpassword\u001b[0m: \u001b[32m{0}\u001b[0m", "\"password\"\u00a0: \"{0}\"", "PASSWORD:\t{0}",
    ];

    private readonly Random random;

    public PlacedSecrets(int seed)
    {
        Seed = seed;
        random = new Random(seed);
    }

    /// <summary>What everything was drawn by: with it the same secrets stand at the same places.</summary>
    public int Seed { get; }

    /// <summary>As JSON objects.</summary>
    public IEnumerable<PlantedSecret> Take(int count) => Enumerable.Range(0, count).Select(Make);

    /// <summary>The first of the secret's telling parts that can be read in a text, also by who decodes it; null where none can.</summary>
    public static string? Shown(PlantedSecret secret, string text)
    {
        foreach (var view in Views(text))
        {
            foreach (var hidden in secret.Hidden)
            {
                var length = Math.Min(Telling, hidden.Length);
                for (var at = 0; at + length <= hidden.Length; at += Math.Max(1, length / 3))
                {
                    if (view.Contains(hidden.Substring(at, length), StringComparison.Ordinal))
                    {
                        return hidden.Substring(at, length);
                    }
                }
            }
        }

        return null;
    }

    /// <summary>Ids, hashes and what else only looks like a secret, as JSON objects: all of it stays.</summary>
    public IEnumerable<string> Harmless(int count) => Enumerable.Range(0, count).Select(index => Wrap(string.Format(
        null, Draw(["{0}", "id {0} ok", "{0}\nok", "\u001b[32m{0}\u001b[0m", "id={0}", "see \"{0}\".", "A=1\0ID={0}\0B=2"]), Known(index % 40))).Json);

    private string Known(int kind) => kind switch
    {
        0 => Id().ToString(),
        1 => Hex(40),
        2 => "sha256:" + Hex(64),
        3 => $"commit {Hex(40)}\nAuthor: A <a@example.org>",
        4 => $"index {Hex(7)}..{Hex(7)} 100644",
        5 => $"\"integrity\": \"sha512-{Letters(86)}==\"",
        6 => $"example.org/x v1.2.3 h1:{Letters(43)}=",
        7 => $"checksum = \"{Hex(64)}\"",
        8 => "toolu_01" + Letters(22),
        9 => "call_" + Letters(24),
        10 => "msg_" + Letters(24),
        11 => "chatcmpl-" + Letters(29),
        12 => "resp_" + Hex(48),
        13 => $"api-{Hex(10)}-{Letters(5).ToLowerInvariant()}",
        14 => $"W/\"{Hex(32)}\"",
        15 => $"00-{Hex(32)}-{Hex(16)}-01",
        16 => $"https://example.org/a/b/commit/{Hex(40)}",
        17 => $"https://example.org/a?q=hello%20world%3A%20{Id()}&page=2",
        18 => $"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{Letters(43)} a@example",
        19 => $"-----BEGIN CERTIFICATE-----\n{Letters(64)}\n{Letters(40)}\n-----END CERTIFICATE-----",
        20 => $"-----BEGIN PUBLIC KEY-----\n{Letters(64)}\n-----END PUBLIC KEY-----",
        21 => $"arn:aws:iam::{Letters(12, Digits)}:role/deploy",
        22 => $"i-0{Hex(16)} vpc-0{Hex(16)}",
        23 => $"01{Letters(24, "ABCDEFGHJKMNPQRSTVWXYZ0123456789")}",
        24 => $"/home/u/.ssh/id_rsa /run/secrets/db_password ~/.aws/credentials {Hex(7)}",
        25 => $"password: ${{DB_PASSWORD}} token: {{{{ .Values.token }}}} {Hex(8)}",
        26 => $"the token count is {random.Next(9999)}, max_tokens: {random.Next(9999)}",
        27 => $"{{\"input_tokens\":{random.Next(9999)},\"cache_key\":\"{Hex(16)}\"}}",
        28 => $"def check(password: str, token: str = None): return hash(password) == stored  # {Hex(7)}",
        29 => $"if (user.password !== confirmPassword) {{ throw new Error('{Letters(6)}'); }}",
        30 => $"data:image/png;base64,iVBORw0KGgo{Letters(400)}",
        31 => $"docker.io/library/postgres@sha256:{Hex(64)}",
        32 => $"git diff {Hex(10)} {Hex(10)} -- src/Auth/PasswordReset.cs",
        33 => $"conda-{Letters(8)}.tar.bz2 {Hex(32)}",
        34 => $"req_{Letters(24)} trace={Hex(32)}",
        35 => $"C:\\Users\\u\\AppData\\{Letters(8)}\\x{Hex(4)}.dll",
        36 => $"keyboard shortcut: Ctrl+K {Id()}",
        37 => $"{Id()} is the primary key; foreign_key: {Id()}",
        38 => $"\"next_page_token\":\"{Letters(24)}\"",
        _ => $"Set-Location env:; $env:PATH; password-reset-{Hex(8)}",
    };

    private Guid Id()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private string Hex(int length) => new(random.GetItems("0123456789abcdef".AsSpan(), length));

    private PlantedSecret Make(int index)
    {
        var (kind, secret, hidden) = Secret(index % 15);
        var place = kind == "password" ? Draw(OfPasswords) : kind is "pem" or "ssh" ? Draw(["{0}", "k: |\n{0}", "cat k\n{0}\n$"]) : Draw(OfTokens);
        var text = string.Format(null, place, secret);
        var (wrapping, json) = Wrap(text);
        return new PlantedSecret($"{kind} in {place} as {wrapping}", json, "", hidden);
    }

    private (string Kind, string Secret, string[] Hidden) Secret(int kind) => kind switch
    {
        0 => Aws(),
        1 => random.Next(2) == 0 ? One("azure", $"AccountName=a;AccountKey={Letters(86)}==", 25) : One("azure", $"{Letters(3)}8Q~{Letters(34)}", 6),
        2 => One("gcp", random.Next(2) == 0 ? "AIza" + Letters(35) : "ya29." + Letters(60), 4),
        3 => One("github", Draw(["ghp_", "gho_", "ghs_"]) + Letters(36), 4),
        4 => One("gitlab", Draw(["glpat-", "glrt-", "gldt-"]) + Letters(20), 6),
        5 => One("slack", $"{Draw(["xoxb", "xoxp"])}-{Letters(11, Digits)}-{Letters(12, Digits)}-{Letters(24)}", 30),
        6 => One("stripe", Draw(["sk_live_", "rk_live_", "sk_test_"]) + Letters(24), 8),
        7 => One("npm", "npm_" + Letters(36), 4),
        8 => One("pypi", "pypi-AgEIcHlwaS5vcmc" + Letters(110), 20),
        9 => One("huggingface", "hf_" + Letters(34), 3),
        10 => One("openai", Draw(["sk-proj-", "sk-", "sk-svcacct-"]) + Letters(48), 12),
        11 => One("anthropic", "sk-ant-api03-" + Letters(93) + "AA", 13),
        12 => Jwt(),
        13 => Pem(),
        _ => Password(),
    };

    private (string Wrapping, string Json) Wrap(string text) => random.Next(10) switch
    {
        0 => ("a string", JsonSerializer.Serialize(new { command = text })),
        1 => ("JSON three deep", Nest(text, 3)),
        2 => ("escapes alone", "{\"command\":\"" + string.Concat(text.Select(letter => $"\\u{(int)letter:x4}")) + "\"}"),
        3 => ("a part of a list", JsonSerializer.Serialize(new { a = new object[] { 1, new[] { "x", text } } })),
        4 => ("a URL's parameter", JsonSerializer.Serialize(new { url = "https://h.example.org/?q=" + Uri.EscapeDataString(text) })),
        5 => ("a line of many", JsonSerializer.Serialize(new { output = string.Concat(Enumerable.Repeat("ok 1 of 2\n", 400)) + text + "\nok" })),
        6 => ("JSON in a command", JsonSerializer.Serialize(new { command = "post -d " + JsonSerializer.Serialize(new { x = text }) })),
        7 => ("JSON in a command's JSON", JsonSerializer.Serialize(new { command = "post -d " + JsonSerializer.Serialize(new { x = Nest(text, 1) }) })),
        8 => ("relaxed JSON", JsonSerializer.Serialize(new { log = Nest(text, 2) },
            new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })),
        _ => ("letters of two bytes", JsonSerializer.Serialize(new { output = string.Concat(text.Select(letter => $"{letter}\0")) })),
    };

    private static string Nest(string text, int times) =>
        times == 0 ? text : JsonSerializer.Serialize(new Dictionary<string, object> { ["n"] = times, ["text"] = Nest(text, times - 1) });

    private (string, string, string[]) Aws()
    {
        var (id, secret) = (Draw(["AKIA", "ASIA"]) + Letters(16, Upper + Digits), Letters(19) + "/" + Letters(20));
        return random.Next(2) == 0 ? ("aws id", id, [id]) : ("aws", $"{id}:{secret}", [id, secret]);
    }

    private (string, string, string[]) Jwt()
    {
        var (body, sign) = ("eyJ" + Letters(80), Letters(43));
        return ("jwt", $"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{body}.{sign}", [body, sign]);
    }

    private (string, string, string[]) Pem()
    {
        var lines = Enumerable.Range(0, 4).Select(_ => Letters(64)).ToArray();
        var name = Draw(["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "]) + "PRIVATE KEY";
        return (name == "OPENSSH PRIVATE KEY" ? "ssh" : "pem", $"-----BEGIN {name}-----\n{string.Join('\n', lines)}\n-----END {name}-----", lines);
    }

    private (string, string, string[]) Password()
    {
        var password = Letters(random.Next(9, 20)) + Draw(["", "!", "-x", ".z9"]);
        return ("password", password, [password]);
    }

    private static (string, string, string[]) One(string kind, string secret, int known) => (kind, secret, [secret[known..]]);

    private string Draw(string[] of) => of[random.Next(of.Length)];

    private string Letters(int length, string of = Plain)
    {
        var letters = random.GetItems(of.AsSpan(), length);
        if (of == Plain && length > 6)
        {
            // Both cases and digits stand in every one.
            (letters[0], letters[2], letters[4], letters[6]) = ('m', 'T', '4', '9');
        }

        return new string(letters);
    }

    /// <summary>The text, and what somebody reads who takes its wrappings off.</summary>
    private static HashSet<string> Views(string text)
    {
        var views = new HashSet<string> { text };
        var open = new Queue<string>([text]);
        while (open.TryDequeue(out var view))
        {
            IEnumerable<string> decoded = [Uri.UnescapeDataString(view), view.Replace("\0", ""), view.Replace("\\u0000", ""), Unescaped(view)];
            foreach (var next in decoded.Where(next => next != view && views.Count < 64 && views.Add(next)))
            {
                open.Enqueue(next);
            }
        }

        return views;
    }

    private static string Unescaped(string text)
    {
        var plain = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '\\' || at + 1 == text.Length)
            {
                plain.Append(text[at]);
                continue;
            }

            at++;
            if (text[at] == 'u' && at + 4 < text.Length
                && int.TryParse(text.AsSpan(at + 1, 4), System.Globalization.NumberStyles.HexNumber, null, out var letter))
            {
                plain.Append((char)letter);
                at += 4;
            }
            else
            {
                plain.Append(text[at] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', var other => other });
            }
        }

        return plain.ToString();
    }
}
