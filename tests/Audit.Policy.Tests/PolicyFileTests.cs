using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Audit.Policy.Tests;

public sealed class PolicyFileTests
{
    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "an object is expected")]
    [InlineData("{} {}", "not JSON")]
    [InlineData("""{"preset":"ask","preset":"deny-all"}""", "preset: the key \"preset\" stands twice")]
    [InlineData("""{"presets":"ask"}""", "presets: not known; accepted are preset, mode")]
    [InlineData("""{"preset":"allow"}""", "preset: one of deny-all, approve-safety, approve-all, ask is expected, not \"allow\"")]
    [InlineData("""{"mode":true}""", "mode: one of enforce, observe is expected, not true")]
    [InlineData("""{"trust":"all"}""", "trust: one of bound, claimed")]
    [InlineData("""{"unknown":"maybe"}""", "unknown: one of approve-for-session")]
    [InlineData("""{"tools":["bash"]}""", "tools: an object is expected with the kind of each tool")]
    [InlineData("""{"tools":{"bash":1}}""", "tools.bash: a kind is expected")]
    [InlineData("""{"rules":{}}""", "rules: an array of at most 500 is expected")]
    [InlineData("""{"rules":[7]}""", "rules[0]: an object is expected")]
    [InlineData("""{"rules":[{"then":"ask"}]}""", "rules[0].name: missing")]
    [InlineData("""{"rules":[{"name":"a"}]}""", "rules[0].then: missing; accepted are approve-for-session")]
    [InlineData("""{"rules":[{"name":"a","then":"allow"}]}""", "rules[0].then: one of")]
    [InlineData("""{"rules":[{"name":"a","then":"ask"},{"name":"a","then":"ask"}]}""", "rules[1].name: there is a rule \"a\" already")]
    [InlineData("""{"rules":[{"name":"a","then":"ask","tools":"bash"}]}""", "rules[0].tools: not known; accepted are name, kind, tool")]
    [InlineData("""{"rules":[{"name":"a","then":"ask","tool":""}]}""", "rules[0].tool: a pattern of 1 to 1000")]
    [InlineData("""{"rules":[{"name":"a","then":"ask","tool":[]}]}""", "rules[0].tool: from 1 to 100 patterns")]
    [InlineData("""{"rules":[{"name":"a","then":"ask","tool":["x",{}]}]}""", "rules[0].tool[1]: a pattern")]
    [InlineData("""{"rules":[{"name":"a","then":"ask","input":"x"}]}""", "rules[0].input: an object is expected")]
    [InlineData("""{"rules":[{"name":"a","then":"ask","input":{"x":[]}}]}""", "rules[0].input.x: a pattern")]
    [InlineData("""{"rules":[{"name":"a","then":"ask","people":3}]}""", "rules[0].people: 1 or 2 is expected, not 3")]
    [InlineData("""{"rules":[{"name":"a","then":"reject","people":2}]}""", "rules[0].people: stands with \"then\": ask alone")]
    [InlineData("""{"rules":[{"name":"a","then":"approve-once","feedback":"x"}]}""", "rules[0].feedback: stands with")]
    [InlineData("""{"questions_end_after":"25h"}""", "questions_end_after: \"25h\" is not accepted; accepted is a number")]
    [InlineData("""{"approvals_hold":"soon"}""", "approvals_hold: \"soon\" is not accepted")]
    public void what_is_wrong_is_a_sentence_that_says_where(string json, string sentence) =>
        Assert.Contains(
            sentence, Assert.Throws<UnreadableException>(() => Asked.Policy(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void the_version_is_the_hash_of_the_file_as_it_lies_there()
    {
        var file = Encoding.UTF8.GetBytes("""{ "preset": "ask" }""");

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(file)), PolicyFile.Parse(file).Version);
    }

    [Fact]
    public void lengths_are_read()
    {
        var policy = Asked.Policy("""{"questions_end_after":"90s","approvals_hold":"24h"}""");

        Assert.Equal((TimeSpan.FromSeconds(90), TimeSpan.FromHours(24)), (policy.QuestionsEndAfter, policy.ApprovalsHold));
    }

    [Theory]
    [InlineData("""{"mode":"observe"}""", "nothing is enforced")]
    [InlineData("""{"preset":"approve-all"}""", "approves whatever no rule names")]
    [InlineData("""{"rules":[{"name":"a","input":{"cmd":"git *"},"then":"approve-once"}]}""", "a pattern over free text")]
    [InlineData("""{"rules":[{"name":"a","agent":"x","then":"approve-once"}]}""", "bound to one")]
    [InlineData("""{"preset":"approve-safety"}""", "There is no table \"tools\"")]
    [InlineData("""{"rules":[{"name":"a","then":"ask"},{"name":"b","tool":"x","then":"reject"}]}""", "Rule \"b\" is never asked")]
    public void what_may_not_be_meant_is_a_warning(string json, string warning) =>
        Assert.Contains(
            PolicyFile.WarningsOf(Asked.Policy(json)), one => one.Contains(warning, StringComparison.Ordinal));

    [Fact]
    public void a_policy_that_says_what_it_means_has_no_warning() =>
        Assert.Empty(PolicyFile.WarningsOf(Asked.Policy("""
            {"preset":"ask","tools":{"cat":"read"},"rules":[{"name":"a","kind":"read","then":"approve-once"},
              {"name":"b","input":{"cmd":"rm *"},"then":"reject"}]}
            """)));

    [Fact]
    public void the_schema_knows_the_members_that_are_read_and_no_others()
    {
        var schema = JsonDocument.Parse(PolicySchema.Text).RootElement;
        var rule = schema.GetProperty("$defs").GetProperty("rule").GetProperty("properties");

        Assert.Equal(PolicyFile.Members.Order(), NamesOf(schema.GetProperty("properties")).Order());
        Assert.Equal(PolicyFile.RuleMembers.Order(), NamesOf(rule).Order());
        Assert.Equal(
            PolicyWords.All<Ruling>().Order(),
            schema.GetProperty("$defs").GetProperty("ruling").GetProperty("enum").EnumerateArray()
                .Select(one => one.GetString()!).Order());
        Assert.Equal(
            PolicyWords.All<Preset>().Order(),
            schema.GetProperty("properties").GetProperty("preset").GetProperty("enum").EnumerateArray()
                .Select(one => one.GetString()!).Order());
    }

    private static IEnumerable<string> NamesOf(JsonElement members) => members.EnumerateObject().Select(one => one.Name);
}
