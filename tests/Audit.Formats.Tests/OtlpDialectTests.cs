using Audit.Formats.Otlp;

namespace Audit.Formats.Tests;

public sealed class OtlpDialectTests
{
    [Fact]
    public void a_dialect_is_verified_by_a_golden_file_that_says_from_where_its_inputs_are() => Assert.All(
        OtlpDialects.All.Where(dialect => dialect.IsVerified),
        dialect => Assert.Equal(dialect.Upstream, GoldenTests.UpstreamOf($"otlp+{dialect.Name}")));

    [Fact]
    public void every_dialect_has_a_name_of_its_own_and_marks()
    {
        Assert.Equal(OtlpDialects.All.Count, OtlpDialects.All.Select(dialect => dialect.Name).Distinct().Count());
        Assert.All(OtlpDialects.All, dialect => Assert.NotEmpty(dialect.Marks));
    }
}
