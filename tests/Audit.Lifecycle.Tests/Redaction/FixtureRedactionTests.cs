using System.Text;
using System.Text.Json;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Redaction;

/// <summary>Recorded streams of real sessions, in which hardly anything is a secret.</summary>
public sealed class FixtureRedactionTests
{
    [FactWithRecords]
    public void at_most_one_of_a_thousand_strings_is_redacted_falsely()
    {
        var redactor = new Redactor(RedactionRules.Default, Say.Hasher);
        var folder = Path.GetDirectoryName(Path.GetDirectoryName(Fixtures.RecordsPath!))!;
        var (strings, redacted) = (0, new List<string>());
        foreach (var file in Directory.EnumerateFiles(folder, "*.json*", SearchOption.AllDirectories))
        {
            var texts = file.EndsWith('l') ? File.ReadLines(file) : [File.ReadAllText(file)];
            foreach (var text in texts.Where(text => text.Length > 0))
            {
                var json = Encoding.UTF8.GetBytes(text);
                strings += Strings(json);
                var kept = Encoding.UTF8.GetString(redactor.Json(json).Json.Span);
                redacted.AddRange(kept.Split("[redacted: ").Skip(1).Select(rest => $"{Path.GetFileName(file)}: {rest[..Math.Min(80, rest.Length)]}"));
            }
        }

        Assert.True(strings > 5_000, $"{strings} strings");
        Assert.True(redacted.Count * 1000 <= strings, $"{redacted.Count} of {strings}:\n{string.Join('\n', redacted)}");
    }

    private static int Strings(byte[] json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
        var count = 0;
        while (reader.Read())
        {
            count += reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? 1 : 0;
        }

        return count;
    }
}
