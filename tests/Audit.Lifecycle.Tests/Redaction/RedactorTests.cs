using System.Text;
using System.Text.Json;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Redaction;

public sealed class RedactorTests
{
    private static readonly Redactor Redactor = new(RedactionRules.Default, Say.Hasher);

    [Fact]
    public void every_planted_secret_is_taken_out_of_a_text_by_its_rule()
    {
        foreach (var planted in new PlantedSecrets(1).Take(300))
        {
            var redacted = Redactor.Text(planted.Text);

            RequireHidden(planted, redacted);
            Assert.True(redacted.Contains($"[redacted: {planted.Rule}, "), $"{planted}\n{redacted}");
        }
    }

    [Fact]
    public void every_planted_secret_is_taken_out_of_json_however_deep_the_string_is_nested()
    {
        foreach (var planted in new PlantedSecrets(2).Take(300))
        {
            var text = planted.Text;
            for (var nested = 0; nested < 4; nested++)
            {
                text = JsonSerializer.Serialize(new Dictionary<string, object> { ["a"] = 1, ["log"] = text });
                var redacted = Json(text);

                RequireHidden(planted, redacted);
                using var valid = JsonDocument.Parse(redacted);
                Assert.Equal(1, valid.RootElement.GetProperty("a").GetInt32());
            }
        }
    }

    [Fact]
    public void a_secret_that_stands_in_escaped_json_within_another_text_is_found_as_well()
    {
        foreach (var planted in new PlantedSecrets(3).Take(300))
        {
            var once = "answer: " + JsonSerializer.Serialize(new { a = "x", log = "first\n" + planted.Text });
            var twice = "answer: " + JsonSerializer.Serialize(new { b = once });

            RequireHidden(planted, Redactor.Text(once));
            RequireHidden(planted, Redactor.Text(twice));
        }
    }

    [Theory]
    [InlineData("key patAbCdEf012345Xy.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "0123456789abcdef", "service-token")]
    [InlineData("AIR=patAbCdEf012345Xy.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "patAb", "service-token")]
    [InlineData("GET https://maps.example.org/v1/geo?q=x&key=q8Zr2LkP0vXc7BnM4tYw HTTP/1.1", "q8Zr2LkP0vXc7BnM4tYw", "named-secret")]
    [InlineData("https://api.example.org/x?key=zq8rlkp0vxc7bnm4tyws5", "zq8rlkp0vxc7bnm4tyws5", "named-secret")]
    [InlineData("net use Z: \\\\files\\share hunter2 /user:CORP\\ann", "hunter2", "command-password")]
    [InlineData("net use \\\\files\\share /user:CORP\\ann \"hunter2\" /persistent:no", "hunter2", "command-password")]
    [InlineData("expect \"*?assword:*\"; send \"hunter2\\r\"; interact", "hunter2", "command-password")]
    [InlineData("expect \"assword:\" { send -- \"hunter2\\r\" }", "hunter2", "command-password")]
    [InlineData("root:$6$rounds=5000$saltsalt$VN8wJQLlBKDX0Mh.qTl6QxXl9Qd3Kf1H/6uFZf9c0dEJY8yGm1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r1:19000:0", "VN8wJQLlBKDX", "password")]
    [InlineData("hash is $2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy.", "N9qo8uLOickgx2", "password")]
    [InlineData("$1$saltsalt$qWe/rTy.uIoP0aSdFgHjK1", "qWe/rTy", "password")]
    [InlineData("u:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", "X3DX6M94c7o", "password")]
    [InlineData("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21l$RdescudvJCsgt3ub+b3dWRWJTmaaJObG9rZWVwMTIzNDU", "RdescudvJC", "password")]
    [InlineData("\"auths\":{\"r.example.org\":{\"auth\":\"q8Zr2LkP0vXc7BnM4tYw\"}}", "q8Zr2LkP0vXc7BnM4tYw", "authorization")]
    [InlineData("token: aB3dE5gH", "aB3dE5gH", "named-secret")]
    public void what_no_name_stands_beside_is_known_by_its_build(string text, string secret, string rule)
    {
        foreach (var item in new[] { text, $"  {new string('-', 9)} {text}\n{text}" })
        {
            var kept = Redactor.Json(JsonSerializer.SerializeToUtf8Bytes(new { text = item }));
            Assert.DoesNotContain(secret, Encoding.UTF8.GetString(kept.Json.Span));
            Assert.Equal([rule], kept.Mark!.Rules);
        }
    }

    [Theory]
    [InlineData("""{"password":"{0}"}""")]
    [InlineData("""{"a":{"DB_PASSWORD" : "{0}"}}""")]
    [InlineData("""{"clientSecret":["x","{0}"]}""")]
    [InlineData("""{"x-api-key":"{0}"}""")]
    [InlineData("""{"Authorization":"Basic {0}"}""")]
    [InlineData("""{"env":[{"name":"MYSQL_PASSWORD","value":"{0}"}]}""")]
    [InlineData("""{"attributes":[{"key":"db.password","value":{"stringValue":"{0}"}}]}""")]
    [InlineData("""{"args":["tool","--password","{0}"]}""")]
    [InlineData("""{"args":["tool","--password={0}"]}""")]
    [InlineData("""{"args":["/usr/bin/mysql","-p{0}","db"]}""")]
    [InlineData("""{"args":["curl","-u","app:{0}"]}""")]
    [InlineData("""{"args":"{\"password\":\"{0}\"}"}""")]
    [InlineData("""{"args":"{\u0022passwd\u0022:\u0022{0}\u0022}"}""")]
    [InlineData("""{"p\u0061ssword":"{0}"}""")]
    [InlineData("""{"url":"redis:\/\/:{0}@host"}""")]
    [InlineData("""{"xml":"<server><password>{0}</password></server>"}""")]
    [InlineData("""{"yaml":"db:\n  password: '{0}'\n"}""")]
    [InlineData("""{"php":"'password' => '{0}',"}""")]
    [InlineData("""{"code":"const dbPassword: string = \"{0}\";"}""")]
    [InlineData("""{"lines":["-----BEGIN PRIVATE KEY-----","{0}","-----END PRIVATE KEY-----"]}""")]
    public void what_a_name_or_a_place_says_to_be_secret_is_taken_out(string json)
    {
        var secret = new PlantedSecrets(4).Letters(12);

        var redacted = Json(json.Replace("{0}", secret));

        Assert.DoesNotContain(secret, redacted);
        JsonDocument.Parse(redacted).Dispose();
    }

    [Fact]
    public void what_an_attacker_planted_is_taken_out_wherever_it_stands()
    {
        var missed = new List<string>();
        foreach (var planted in AttackedSecrets.All(12))
        {
            var (json, text) = (planted.Text, JsonDocument.Parse(planted.Text).RootElement);
            var said = text.TryGetProperty("command", out var command) && command.ValueKind == JsonValueKind.String
                && text.EnumerateObject().Count() == 1 ? command.GetString()! : json;
            string[] places =
            [
                json, JsonSerializer.Serialize(new { args = json }), JsonSerializer.Serialize(new { log = JsonSerializer.Serialize(new { args = json }) }),
                JsonSerializer.Serialize(new { output = said }), JsonSerializer.Serialize(new { reason = "refused: " + said }),
                JsonSerializer.Serialize(new { output = "it wrote " + json + " at last" }),
            ];
            foreach (var (index, place) in places.Index())
            {
                var redacted = Json(place);
                JsonDocument.Parse(redacted).Dispose();
                missed.AddRange(planted.Hidden.Any(redacted.Contains) ? [$"{index}: {planted.Kind} as {redacted}"] : Array.Empty<string>());
            }
        }

        Assert.True(missed.Count == 0, string.Join('\n', missed));
    }

    [Theory]
    [InlineData("""{"cmd":["ssh","-p","2222","a@b"],"run":"docker run -u 1000:1000 -p 8080:80 x; python -u a.py -p test"}""")]
    [InlineData("""{"fields":["password","username"],"path":"/a/b_key.pem","tokens":["the","quick"],"cache_key":"a7b1c2d3e4f5a6b7"}""")]
    [InlineData("""{"text":"IDENTIFIED BY the court; a cookie is set; the secret is out; password reset token expired; -u and -p"}""")]
    [InlineData("""{"log":"GET http://a:8080/x?y=z@w http://host/a:b@c 127.0.0.1:5432:5432 h:5432:db"}""")]
    [InlineData("""{"cancel_token":"4d6f6e64-6179-4d6f-8e64-61794d6f6e64","page_token":"AbCdEf0123456789","public_key":"AbCdEf0123456789AbCdEf01"}""")]
    [InlineData("""{"password":null,"secret":true,"token":12,"api_key":"","passwords":"many"}""")]
    [InlineData("""{"password":"${DB_PASSWORD}","pwd":"$PWD","secret":"<secret>","api_key":"********"}""")]
    [InlineData("""{"code":"password = getpass.getpass()\nif password == other: connect(password=password)"}""")]
    [InlineData("""{"code":"def f(password: str, token: Optional[str] = None): self.token = token"}""")]
    [InlineData("""{"env":"PWD=/home/user/project OLDPWD=/tmp"}""")]
    [InlineData("""{"input_tokens":512,"max_tokens":4096,"next_token":"AbCdEf0123456789AbCdEf","tokenizer":"x"}""")]
    [InlineData("""{"text":"Bearer authentication is used, basic auth as well; a bearer token is a secret."}""")]
    [InlineData("""{"html":"<input type=\"password\" name=\"password\" required>"}""")]
    [InlineData("""{"css":".sk-circle-fade-dot-with-a-very-long-name { color: red }"}""")]
    [InlineData("""{"url":"https://example.org:8080/a@b?x=y:z@w","mail":"git@github.com:owner/name.git"}""")]
    [InlineData("""{"id":"4d6f6e64-6179-4d6f-8e64-61794d6f6e64","sha1":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}""")]
    [InlineData("""{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}""")]
    [InlineData("""{"md5":"d41d8cd98f00b204e9800998ecf8427e","git":"commit 9fceb02d0ae598e95dc970b74767f19372d61af8"}""")]
    [InlineData("""{"token":"9fceb02d0ae598e95dc970b74767f19372d61af8"}""")]
    [InlineData("""{"urls":"https://h/a?key=PROJ-1234 https://h/b?key=release-notes-2024-01-02 https://h/c?key=d41d8cd98f00b204e9800998ecf8427e"}""")]
    [InlineData("""{"auth":"OAuth2AuthorizationCode","code":"f(token: UInt32, auth: Basic)","sh":"echo $1$2 $6 $y; send \"hello\""}""")]
    [InlineData("""{"text":"net use of water; patterns.abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"}""")]
    [InlineData("""{"note":"the --password flag; --token is needed; pass: 12, fail: 2; pwd"}""")]
    public void what_is_no_secret_stays_byte_for_byte(string json)
    {
        var sent = Encoding.UTF8.GetBytes(json);
        var redacted = Redactor.Json(sent);

        Assert.Equal(json, Encoding.UTF8.GetString(redacted.Json.Span));
        Assert.Null(redacted.Mark);
    }

    [Fact]
    public void ids_hashes_and_images_stay()
    {
        var random = new Random(5);
        for (var index = 0; index < 2_000; index++)
        {
            var bytes = new byte[random.Next(8, 400)];
            random.NextBytes(bytes);
            var text = (index % 4) switch
            {
                0 => Convert.ToHexStringLower(bytes),
                1 => "data:image/png;base64," + Convert.ToBase64String(bytes),
                2 => new Guid(bytes.AsSpan(0, 8).ToArray().Concat(bytes[..8]).ToArray()).ToString(),
                _ => "toolu_" + Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_')[..10],
            };
            var json = JsonSerializer.Serialize(new { id = text, commit = text, data = text });

            Assert.Equal(json, Json(json));
        }
    }

    [Fact]
    public void of_1500000_random_ids_as_hosts_make_them_none_is_taken_for_a_secret()
    {
        const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        var random = new Random(11);
        for (var round = 0; round < 1_500; round++)
        {
            // An id that holds a secret is refused, and its record with it.
            var ids = string.Join('\n', Enumerable.Range(0, 1_000).Select(index => (index % 4) switch
            {
                0 => "toolu_" + new string(random.GetItems<char>(Letters, 24)),
                1 => "call_" + new string(random.GetItems<char>(Letters, 24)),
                2 => new string(random.GetItems<char>(Letters, 26)),
                _ => new string(random.GetItems<char>(Letters + "_-", 21)),
            }));

            Assert.Equal(ids, Redactor.Text(ids));
        }
    }

    [Fact]
    public void all_but_the_strings_with_a_secret_stays_as_it_was_sent()
    {
        var secret = "ghp_" + new PlantedSecrets(6).Letters(36);

        var redacted = Json($$"""{ "a" : 1.50,"b":"\u0061","c":["{{secret}}",  "x"] }""");

        Assert.Matches("""^\{ "a" : 1\.50,"b":"\\u0061","c":\["\[redacted: github-token, 40 bytes, keyed hash [\w-]{22}\]",  "x"\] \}$""", redacted);
    }

    [Fact]
    public void the_same_secret_is_known_again_and_another_key_gives_another_hash()
    {
        var secret = "ghp_" + new PlantedSecrets(7).Letters(36);
        var other = new Redactor(RedactionRules.Default, new RecordHasher([.. Enumerable.Repeat((byte)9, 32)]));

        Assert.Equal(Redactor.Text("a " + secret), Redactor.Text("a " + secret));
        Assert.NotEqual(Redactor.Text(secret), other.Text(secret));
    }

    [Fact]
    public void what_was_redacted_is_not_redacted_again()
    {
        foreach (var planted in new PlantedSecrets(8).Take(150))
        {
            var once = Redactor.Text(planted.Text);

            Assert.Equal(once, Redactor.Text(once));
        }
    }

    [Fact]
    public void the_mark_names_the_rules_and_their_version()
    {
        var planted = new PlantedSecrets(9);
        var json = JsonSerializer.Serialize(new { password = "hunter2", a = "npm_" + planted.Letters(36) });

        var mark = Redactor.Json(Encoding.UTF8.GetBytes(json)).Mark!;

        Assert.Equal(["npm-token", "password"], mark.Rules);
        Assert.Equal(RedactionRules.Default.Version, mark.Version);
        Assert.Equal(64, mark.Version.Length);
    }

    [Theory]
    [InlineData("curl -H 'Authorization: Bearer {0}' -u app:{1} https://example.org")]
    [InlineData("https://ghp_{0}{0}{0}:{1}@example.org/a.git")]
    [InlineData("AKIAABCDEFGH1JKLMNOP password={0} npm_{1}{1}{1}")]
    public void a_secret_between_a_trigger_and_its_own_is_found_as_well(string text)
    {
        var planted = new PlantedSecrets(10);
        var (one, other) = (planted.Letters(20), planted.Letters(14));

        var redacted = Redactor.Text(text.Replace("{0}", one).Replace("{1}", other));

        Assert.DoesNotContain(one, redacted);
        Assert.DoesNotContain(other, redacted);
    }

    [Fact]
    public void whatever_triggers_stand_in_a_text_it_stays_json_and_nothing_fails()
    {
        string[] pieces =
        [
            "password", "pwd", "secret", "token=", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "eyJabcdefghij.",
            "://", ":\\/\\/", "a:b@", "?sig=", "Bearer ", "basic ", "Authorization: ", "AKIAABCDEFGHIJKLMNOP", "ghp_", "sk-",
            "mysql -p", "curl -u ", "docker login -p ", "=", "=>", ": ", " ", "\"", "'", "\\", "\\u0022", "\n", "<password>", "</", "--password ",
            "[redacted: ", "{", "}", "[", "]", "é", "日", "%3D", "$", "7kQ", "xoxb-", "\u0001",
        ];
        var random = new Random(11);
        for (var index = 0; index < 20_000; index++)
        {
            var text = string.Concat(random.GetItems(pieces, random.Next(1, 14)));
            Redactor.Text(text);
            var json = Json(JsonSerializer.Serialize(new Dictionary<string, object>
            {
                [text] = new[] { text, "--password", text }, ["n"] = JsonSerializer.Serialize(new { password = text, text }),
            }));
            JsonDocument.Parse(json).Dispose();
        }
    }

    [Theory]
    [InlineData("sk-")]
    [InlineData("sig=")]
    [InlineData("eyJa-")]
    [InlineData("secret")]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    [InlineData("curl -u ")]
    public void a_hostile_text_costs_its_length(string piece) =>
        // Were it the square of its length, this would take many minutes.
        Redactor.Text(string.Concat(Enumerable.Repeat(piece, 500_000 / piece.Length)));

    private static string Json(string json) => Encoding.UTF8.GetString(Redactor.Json(Encoding.UTF8.GetBytes(json)).Json.Span);

    private static void RequireHidden(PlantedSecret planted, string redacted) =>
        Assert.All(planted.Hidden, hidden => Assert.False(redacted.Contains(hidden), $"{planted}\n{redacted}"));
}
