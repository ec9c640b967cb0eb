using System.Text.Json;

namespace Audit.Testing;

/// <summary>
/// Texts in which secrets stood that were once not found, and neighbours of them. What stands in braces is made anew
/// each time: p is a password of 14 letters, x the same in hex of 32, g one in hex of 40, u a UUID, and a number is so
/// many letters and digits.
/// </summary>
public static class AttackedSecrets
{
    private static readonly string[] Commands =
    [
        "aws configure set aws_secret_access_key {40}", "curl -su user:{p} https://example.org", "curl -sSLu user:{p} x",
        "curl -b \"sid={24}\" x", "curl --oauth2-bearer {p} x", "curl -H 'Cookie: session={40}; a=b' x",
        "curl -H 'Authorization: token {g}' x", "curl -H 'Authorization: Token {p}' x", "curl -H 'X-Auth-Token: {p}' x",
        "curl -H 'PRIVATE-TOKEN: {20}' x", "tool --auth-token {p}", "tool --auth-token {g}", "tool --token {g}",
        "TWILIO_AUTH_TOKEN={x}", "export VAULT_TOKEN={24}", "GITHUB_TOKEN={g} run", "DD_API_KEY={x}", "SSHPASS={p} sshpass -e ssh a",
        "HEROKU_API_KEY={u}", "ENCRYPTION_KEY={x}", "sqlcmd -S h -U sa -P {p} -Q x", "bcp t out f -U sa -P {p}",
        "ldapsearch -x -D cn=admin -w {p}", "mosquitto_pub -u a -P {p} -t x", "unzip -P {p} f.zip", "zip -P {p} f.zip a",
        "7z x -p{p} f.7z", "unrar x -p{p} f", "smbclient //h/s -U bob%{p}", "htpasswd -b f bob {p}", "htpasswd -nb bob {p} && x",
        "keytool -list -storepass {p} -keystore k", "jarsigner -keypass {p} x", "openssl enc -aes-256-cbc -k {p} -in a",
        "openssl rsa -passin pass:{p} -in k", "echo 'bob:{p}' | chpasswd", "echo {p} | passwd --stdin bob",
        "echo {p} | docker login -u a --password-stdin", "echo {p} | sudo -S ls", "http -a bob:{p} x", "ab -A bob:{p} x",
        "etcdctl --user root:{p} get", "sqlplus scott/{p}@orcl", "jdbc:oracle:thin:scott/{p}@//h:1521/x",
        "echo 'h:5432:db:user:{p}' > f", "echo 'h:6000:db:user:{p}' > ~/.pgpass", "machine h login bob password {p}",
        "machine h\n  login bob\n  password {p}\n", "mysqldump -uroot -p{p} db", "docker exec -it db mysql -uroot -p{p} x",
        "redis-cli -a {p} ping", "redis-cli AUTH {p}", "psexec \\\\h -u bob -p {p} cmd", "cqlsh -u a -p {p}",
        "oc login h -u a -p {p}", "any-tool -u bob -p {p} list", "lftp -u bob,{p} h", "ipmitool -U a -P {p} power",
        "snmpget -v3 -A {p} h", "ssh-keygen -t rsa -N '{p}' -f k", "rabbitmqctl add_user bob {p}", "xfreerdp /u:bob /p:{p} /v:h",
        "kubectl create secret generic s --from-literal=key={p}", "gh secret set NAME --body {p}", "tool --db-pass {p}",
        "tool --secret '{p}'", "tool --password1 {p} --user1 a", "setx API_TOKEN {p}", "PASSWD_FILE=x DB_PASS={p} ./run",
        "CREATE USER 'a'@'h' IDENTIFIED BY '{p}'", "CREATE USER a IDENTIFIED WITH plugin BY '{p}'",
        "ALTER USER a PASSWORD '{p}'", "CREATE USER a WITH ENCRYPTED PASSWORD '{p}'", "SET PASSWORD FOR 'a' = PASSWORD('{p}')",
        "$p = ConvertTo-SecureString \"{p}\" -AsPlainText -Force", "//registry.example.org/:_authToken={u}",
        "postgres://u:{6}/{6}@h/db", "postgres://u:{6}#{6}@h/db", "postgres://u:{6}?{6}@h/db", "postgres://u:{6}'{6}@h/db",
        "git clone https://{40}@example.org/a/b", "amqp://:{p}@h/v", "mongodb+srv://u:{p}@h/db?w=1",
        "the password is {p}", "use the password \"{p}\" there", "pw: {p}", "wifi psk=\"{p}\"", "Passwort: {p}",
        "cat > .env <<EOF\nMAIL_PASSWORD={p}\nEOF", "- name: DB_PASSWORD\n  value: {p}", "- name: API_KEY\n  value: \"{p}\"\n",
        "<add key=\"ApiKey\" value=\"{p}\" />", "{\"name\": \"DB_PASSWORD\", \"value\": \"{p}\"}",
        "token: {p}", "Set-Cookie: sessionid={32}; Path=/", "Server=h;Password='{p}';", "otpauth://totp/a?secret={p}",
    ];

    private static readonly string[] Tokens =
    [
        "0123456789:AA{33}", "MTA{21}.{6}.{38}", "https://discord.example/api/webhooks/123456789012345678/{60}", "SK{x}", "key-{x}",
        "dapi{x}", "shpss_{x}", "sq0atp-{22}", "NRAK-{27}", "{14}.atlasv1.{64}", "figd_{40}", "sntrys_{80}", "rubygems_{g}",
        "r8_{37}", "sbp_{g}", "dp.pt.{43}", "secret_{43}", "glcbt-64_{20}", "gldt-{20}", "glptt-{g}", "glagent-{50}", "glsoat-{20}",
        "hvs.{90}", "sk-or-v1-{x}{x}", "sk-{x}", "xoxe.xoxp-1-{60}", "ATATT3xFf{60}", "pat-na1-{u}A1", "8Qa8Q~{34}", "1//0{60}",
        "tskey-auth-{20}", "pscale_tkn_{40}", "dckr_pat_{27}", "sk_live_{24}", "AGE-SECRET-KEY-1{U58}", "ABIA{U16}",
    ];

    private static readonly string[] Structures =
    [
        """{"access_token":"{g}"}""", """{"auth_token":"{u}"}""", """{"refresh_token":"{p}"}""", """{"bearer_token":"{x}"}""",
        """{"apiToken":"{10}"}""", """{"headers":{"X-Auth-Token":"{p}"}}""", """{"headers":[["Authorization","Bearer {p}"]]}""",
        """{"headers":["X-Api-Key","{p}"]}""", """{"headers":{"Cookie":"sid={p}"}}""", """{"value":"{p}","name":"DB_PASSWORD"}""",
        """{"env":[{"value":"{p}","key":"API_KEY"}]}""", """{"password":{"value":"{p}"}}""", """{"passwords":["{p}","{p}"]}""",
        """{"passwords":{"root":"{p}"}}""", """{"command":"mysql","args":["-u","root","-p{p}"]}""",
        """{"args":["-p{p}","x"],"command":"mysqldump"}""", """{"cmd":["docker","login","-u","a","-p","{p}"]}""",
        """{"cmd":["sudo","mysql","-p{p}"]}""", """{"cmd":["any","-u","bob","-p","{p}"]}""", """{"cmd":["ab","-A","bob:{p}"]}""", """{"cmd":["7z","x","-p{p}"]}""", """{"cmd":["curl","-su","bob:{p}","x"]}""", """{"cmd":["tool","--auth-token","{g}"]}""",
        """{"auths":{"r":{"auth":"{b}"}}}""", """{"password_confirmation":"{p}"}""", """{"SecretString":"{p}"}""",
        """{"command":"curl -d \"{\\\"password\\\":\\\"{p}\\\"}\" x"}""", """{"credentials":{"user":"a","pass":"{p}"}}""",
        """{"k":"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n{64}\n{64}\n{30}"}""",
        """{"k":" 1\t-----BEGIN EC PRIVATE KEY-----\n 2\t{64}\n 3\t{64}"}""", """{"k":"+-----BEGIN PRIVATE KEY-----\n+{64}\n+{64}"}""",
        """{"k":"{64}\n{64}\n-----END PRIVATE KEY-----\n"}""", """{"k":"PuTTY-User-Key-File-2: x\nPrivate-Lines: 2\n{64}\n{64}"}""",
    ];

    /// <summary>As JSON, each within an object.</summary>
    public static IEnumerable<PlantedSecret> All(int seed)
    {
        var secrets = new PlantedSecrets(seed);
        return Commands.Concat(Tokens.Select(token => $"here {token} there")).Select(template =>
        {
            var (text, hidden) = Fill(secrets, template);
            return new PlantedSecret(template, JsonSerializer.Serialize(new { command = text }), "", hidden);
        }).Concat(Structures.Select(template =>
        {
            var (text, hidden) = Fill(secrets, template);
            return new PlantedSecret(template, text, "", hidden);
        }));
    }

    private static (string Text, string[] Hidden) Fill(PlantedSecrets secrets, string template)
    {
        var (text, hidden) = ("", new List<string>());
        for (var at = 0; at < template.Length; at++)
        {
            var end = template.IndexOf('}', at);
            if (template[at] != '{' || end < 0 || Make(secrets, template[(at + 1)..end]) is not { } secret)
            {
                text += template[at];
                continue;
            }

            hidden.Add(secret);
            text += secret;
            at = end;
        }

        return (text, [.. hidden]);
    }

    private static string? Make(PlantedSecrets secrets, string form) => form switch
    {
        "p" => secrets.Letters(14),
        "x" => secrets.Hex(32),
        "g" => secrets.Hex(40),
        "u" => Guid.Parse(secrets.Hex(32)).ToString(),
        "b" => Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes("app:" + secrets.Letters(14))),
        ['U', .. var length] when int.TryParse(length, out var count) =>
            secrets.Letters(count, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
        _ => int.TryParse(form, out var letters) ? secrets.Letters(letters) : null,
    };
}
