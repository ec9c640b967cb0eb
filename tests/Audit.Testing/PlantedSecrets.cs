using System.Text;

namespace Audit.Testing;

/// <summary>A secret that nobody else has, and a text in which it stands as people and programs write it.</summary>
/// <param name="Hidden">What must be found nowhere.</param>
public sealed record PlantedSecret(string Kind, string Text, string Rule, params string[] Hidden)
{
    public override string ToString() => $"{Kind}: {Text}";
}

/// <summary>
/// Makes secrets of fifteen kinds, of random letters, so that no file of the checkout holds what looks like one.
/// </summary>
public sealed class PlantedSecrets(int seed)
{
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";
    private const string Alphanumeric = Upper + "abcdefghijklmnopqrstuvwxyz" + Digits;

    private readonly Random random = new(seed);

    /// <summary>As many as are asked for, of all kinds in turn.</summary>
    public IEnumerable<PlantedSecret> Take(int count) => Enumerable.Range(0, count).Select(index => (index % 15) switch
    {
        0 => Aws(),
        1 => Google(),
        2 => Azure(index),
        3 => GitHub(index),
        4 => OneOf("gitlab", "gitlab-token", "glpat-" + Letters(20), "the token is {0} today"),
        5 => OneOf("slack", "slack-token", $"xoxb-{Letters(12, Digits)}-{Letters(24)}", "slack {0}"),
        6 => OneOf("stripe", "stripe-key", "sk_live_" + Letters(24), "STRIPE={0}"),
        7 => Ai(index),
        8 => OneOf("npm", "npm-token", "npm_" + Letters(36), "//registry.example.org/:_auth {0}"),
        9 => OneOf("pypi", "pypi-token", "pypi-" + Letters(120), "twine upload, {0}"),
        10 => OneOf("hugging face", "huggingface-token", "hf_" + Letters(34), "login({0})"),
        11 => Jwt(),
        12 => Pem(),
        13 => Url(index),
        _ => Command(index),
    });

    public string Letters(int length, string of = Alphanumeric)
    {
        // A digit and both cases stand in every secret that is long enough, as they do in real ones.
        var letters = random.GetItems(of.AsSpan(), length);
        if (of == Alphanumeric && length >= 8)
        {
            (letters[1], letters[3], letters[5]) = ('7', 'K', 'q');
        }

        return new string(letters);
    }

    public string Hex(int length) => "a7" + Letters(length - 2, "0123456789abcdef");

    private static PlantedSecret OneOf(string kind, string rule, string secret, string text) =>
        new(kind, string.Format(null, text, secret), rule, secret);

    private PlantedSecret Aws()
    {
        var (id, secret) = ("AKIA" + Letters(16, Upper + Digits), Letters(20) + "/" + Letters(19));
        return new("aws", $"aws_access_key_id = {id}\naws_secret_access_key = {secret}\n", "aws-key", id, secret);
    }

    private PlantedSecret Google()
    {
        var key = "AIza" + Letters(35);
        return new("google", $"https://maps.example.org/api?key={key}&q=a", "google-key", key);
    }

    private PlantedSecret Azure(int index)
    {
        var key = Letters(86) + "==";
        var signature = Letters(40) + "%3D";
        return index % 2 == 0
            ? new("azure", $"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={key};EndpointSuffix=x", "azure-key", key[..^2])
            : new("azure", $"https://a.blob.example.org/c?sv=2024-01-01&sig={signature}&sp=r", "azure-key", signature[..^3]);
    }

    private PlantedSecret GitHub(int index)
    {
        var token = index % 2 == 0 ? "ghp_" + Letters(36) : "github_pat_" + Letters(22) + "_" + Letters(59);
        return new("github", $"git remote add o {token}", "github-token", token);
    }

    private PlantedSecret Ai(int index)
    {
        var token = index % 2 == 0 ? "sk-ant-api03-" + Letters(80) : "sk-" + Letters(48);
        return new("ai", $"export KEY={token}; run", "ai-key", token);
    }

    private PlantedSecret Jwt()
    {
        var (head, body, sign) = ("eyJ" + Letters(30), "eyJ" + Letters(60), Letters(43));
        return new("jwt", $"Cookie: s={head}.{body}.{sign}; path=/", "jwt", body, sign);
    }

    private PlantedSecret Pem()
    {
        var lines = Enumerable.Range(0, 6).Select(_ => Letters(64)).ToArray();
        var text = new StringBuilder("-----BEGIN RSA PRIVATE ").Append("KEY-----\n").AppendJoin('\n', lines)
            .Append("\n-----END RSA PRIVATE ").Append("KEY-----\n");
        return new("private key", text.ToString(), "private-key", lines);
    }

    private PlantedSecret Url(int index)
    {
        var password = Letters(14);
        var scheme = (index % 3) switch { 0 => "postgres", 1 => "https", _ => "redis" };
        return new("url", $"{scheme}://app:{password}@db.example.org:5432/orders", "url-password", password);
    }

    private PlantedSecret Command(int index)
    {
        var password = Letters(12);
        var basic = Convert.ToBase64String(Encoding.ASCII.GetBytes($"app:{password}"));
        return (index / 15 % 10) switch
        {
            0 => new("command", $"tool --user a --password {password} --verbose", "password", password),
            1 => new("command", $"mysql -h db -u root -p{password} orders", "command-password", password),
            2 => new("command", $"PGPASSWORD={password} psql -h db", "password", password),
            3 => new("command", $"curl -s -u app:{password} https://example.org/x", "command-password", password),
            4 => new("command", $"db password={password}&x=1", "password", password),
            5 => new("command", $"config: {{\"api_key\": \"{password}\"}}", "named-secret", password),
            6 => new("command", $"curl -H 'Authorization: Basic {basic}' https://example.org", "authorization", basic),
            7 => new("command", $"curl -H \"Authorization: Bearer {password}{password}\" x", "authorization", password),
            8 => new("command", $"client_secret: '{password}'", "named-secret", password),
            _ => new("command", $"Server=db;User Id=sa;Pwd={password};Encrypt=true", "password", password),
        };
    }
}
