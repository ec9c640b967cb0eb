using System.Text;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Redaction;

public sealed class RedactionRulesTests
{
    [Fact]
    public void rules_of_ones_own_find_what_they_say_and_change_the_version()
    {
        var rules = Parse("""{"rules":[{"name":"badge","pattern":"BADGE-[0-9]{4}é?"}]}""");
        var redactor = new Redactor(rules, Say.Hasher);

        var redacted = redactor.Json(Encoding.UTF8.GetBytes("""{"a":"é BADGE-1234é é","b":"{\"c\":\"BADGE-1234\"}"}"""));

        Assert.Matches("""^\{"a":"é \[redacted: badge, 12 bytes, [^"]+\] é","b":"\{\\"c\\":\\"\[redacted: badge, 10""",
            Encoding.UTF8.GetString(redacted.Json.Span));
        Assert.Equal(["badge"], redacted.Mark!.Rules);
        Assert.NotEqual(RedactionRules.Default.Version, rules.Version);
        Assert.Equal(rules.Version, Parse("""{ "off": [], "rules":[{"name":"badge","pattern":"BADGE-[0-9]{4}\u00e9?"}]}""").Version);
    }

    [Fact]
    public void a_rule_is_off_by_its_name()
    {
        var rules = Parse("""{"off":["password"]}""");
        var redactor = new Redactor(rules, Say.Hasher);

        Assert.Equal("password=hunter2", redactor.Text("password=hunter2"));
        Assert.DoesNotContain("hunter2", redactor.Text("api_key=hunter2"));
        Assert.DoesNotContain("password", rules.Names);
        Assert.NotEqual(RedactionRules.Default.Version, rules.Version);
    }

    [Theory]
    [InlineData("""["password"]""", "accepted is {\"off\"")]
    [InlineData("""{"of":[]}""", "of: not known; accepted is")]
    [InlineData("""{"off":["passwords"]}""", "off[0]: no built-in rule; these are ai-key, ")]
    [InlineData("""{"rules":[{"name":"a b","pattern":"x"}]}""", "rules[0].name: at most 64 letters")]
    [InlineData("""{"rules":[{"name":"jwt","pattern":"x"}]}""", "rules[0].name: there is a rule \"jwt\" already")]
    [InlineData("""{"rules":[{"name":"a"}]}""", "rules[0].pattern: a string that is not empty is expected")]
    [InlineData("""{"rules":[{"name":"a","pattern":"(?=x)y"}]}""", "rules[0].pattern: not a regular expression without backtracking")]
    [InlineData("""{"rules":[{"name":"a","pattern":"x*"}]}""", "rules[0].pattern: it finds something in an empty text")]
    public void a_file_that_cannot_be_meant_is_refused_with_its_place(string json, string sentence) =>
        Assert.StartsWith(sentence, Assert.Throws<UnreadableException>(() => Parse(json)).Message);

    private static RedactionRules Parse(string json) => RedactionRules.Parse(Encoding.UTF8.GetBytes(json));
}
