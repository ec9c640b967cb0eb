using System.Reflection;
using Audit.Node.CommandLine;
using Audit.Node.CommandLine.Terminal;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// Eighteen things were done once against a running node. For each there is a test that does it again, with the outcome
/// turned round: `dotnet test --filter Point=4`.
/// </summary>
public sealed class EighteenPointsTests
{
    [Fact]
    public void each_of_the_eighteen_is_tried_against_a_started_node()
    {
        var tried = typeof(EighteenPointsTests).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .SelectMany(method => method.GetCustomAttributesData())
            .Where(attribute => attribute.AttributeType == typeof(TraitAttribute) && (string)attribute.ConstructorArguments[0].Value! == "Point")
            .Select(attribute => (string)attribute.ConstructorArguments[1].Value!).ToHashSet();
        Assert.Equal(Enumerable.Range(1, 18).Select(point => $"{point}").Order(), tried.Order());
    }

    [Trait("Point", "18")]
    [Fact]
    public async Task a_table_has_no_formula_a_bundle_does_not_vouch_for_itself_and_neither_is_kept_on_the_way()
    {
        await using var node = await TestNode.StartAsync();
        string[] formulas = ["a;=1+1", "=1+1", "a\t@SUM(A1)", "a\n-1", "\uFF1D1+1", " +1", "\u200B=1"];
        foreach (var (index, text) in formulas.Index())
        {
            (await node.RecordAsync(Records.Item("s-1", $"c-{index}", Records.Blocked(text), agent: text))).Require(index is 2 or 3 ? 422 : 201);
        }

        var table = (await node.GetAsync("/v1/export?format=csv")).Require(200);
        foreach (var cell in table.Text.Split(',', ';', '\t', '\n', '"').Select(cell => cell.TrimStart(' ', '\u200B')))
        {
            Assert.False(cell.Length > 0 && "=+-@\uFF1D".Contains(cell[0], StringComparison.Ordinal), $"\"{cell}\" in\n{table.Text}");
        }

        (await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", "c-9", Records.Completed()))).Require(201);
        var bundle = (await node.GetAsync("/v1/log/bundle")).Require(200);
        Assert.Equal(("no-store", "no-store"), (table.Headers["Cache-Control"], bundle.Headers["Cache-Control"]));
        using var directory = new TemporaryDirectory();
        await File.WriteAllBytesAsync(directory.File("log.zip"), bundle.Bytes);
        Assert.Equal(5, await VerifyAsync(directory));
        Assert.Equal(0, await VerifyAsync(directory, "--key", (await node.GetAsync("/v1/log")).Json.Text("key")));
    }

    private static async Task<int> VerifyAsync(TemporaryDirectory directory, params string[] more)
    {
        using var said = new StringWriter();
        var surroundings = new Surroundings(said, said) { Directory = directory.File(".") };
        return await AuditCommandLine.RunAsync(["verify", "--bundle", directory.File("log.zip"), .. more], surroundings, CancellationToken.None);
    }
}
