using System.Text;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>Damaged lines cost themselves and nothing else.</summary>
public sealed class FuzzTests
{
    private const int Mutations = 400;

    public static TheoryData<string> Streams => GoldenTests.Streams;

    [Theory]
    [MemberData(nameof(Streams))]
    public void a_damaged_line_never_throws_and_always_says_something(string name)
    {
        var format = name.Split('+')[0];
        var lines = Lines(name);
        var random = new Random(7);
        for (var round = 0; round < Mutations; round++)
        {
            var line = Damage(Encoding.UTF8.GetBytes(lines[random.Next(lines.Length)]), random);
            var derived = new Derived();
            new FormatReaders().Open(format, "s-1", "ci")!.Read(line, 1, derived);
            // A request for export may hold no span at all; every other line is an item, is ignored, or is invalid.
            Assert.True(derived.Text.Length > 0 || format == "otlp", Encoding.UTF8.GetString(line));
        }
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void a_line_that_is_no_event_leaves_its_neighbours_as_they_were(string name)
    {
        var format = name.Split('+')[0];
        var lines = Lines(name);
        var whole = Derived.Of(format, string.Join('\n', lines));
        foreach (var broken in new[] { "{\"type\":", "[]", "null", "\"\\ud800\"", "{\"type\":\"x\",\"type\":\"x\"}", "\u0001", new string('[', 2000) })
        {
            // Numbers of lines make times in some formats, so the damage comes last in them and between elsewhere.
            var mixed = lines.SelectMany(line => new[] { line, broken });
            var derived = Derived.Of(format, string.Join('\n', format == "agent-code" ? lines.Append(broken) : mixed));
            Assert.Equal(whole.Records.Select(Item), derived.Records.Select(Item));
            Assert.Equal(whole.Notes.Count, derived.Notes.Count);
            Assert.True(format == "agent-sdk" || derived.InvalidLines.Count > whole.InvalidLines.Count);
        }
    }

    private static string Item(DerivedRecord record) => Encoding.UTF8.GetString(DerivedJson.Item(record, null, record.Time ?? ""));

    private static string[] Lines(string name) =>
        File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Golden", name + ".jsonl"));

    private static byte[] Damage(byte[] line, Random random)
    {
        var damaged = line.ToList();
        for (var times = random.Next(1, 4); times > 0 && damaged.Count > 0; times--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(6))
            {
                case 0:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 1:
                    damaged.RemoveRange(at, Math.Min(random.Next(1, 20), damaged.Count - at));
                    break;
                case 2:
                    damaged.RemoveRange(at, damaged.Count - at);
                    break;
                case 3:
                    damaged.InsertRange(at, damaged.GetRange(at, Math.Min(20, damaged.Count - at)));
                    break;
                default:
                    Retype(damaged, random);
                    break;
            }
        }

        return [.. damaged];
    }

    /// <summary>Puts a value of another kind in the place of a string: what a redaction or another version may do.</summary>
    private static void Retype(List<byte> line, Random random)
    {
        var quotes = Enumerable.Range(0, line.Count).Where(index => line[index] == '"').ToList();
        if (quotes.Count < 2)
        {
            return;
        }

        var first = random.Next(quotes.Count - 1);
        line.RemoveRange(quotes[first], quotes[first + 1] - quotes[first] + 1);
        var values = new[] { "null", "7", "-1.5e300", "true", "{}", "[]", "[{\"a\":null}]", "\"\"", "\"\\u0000\"" };
        line.InsertRange(quotes[first], Encoding.UTF8.GetBytes(values[random.Next(values.Length)]));
    }
}
