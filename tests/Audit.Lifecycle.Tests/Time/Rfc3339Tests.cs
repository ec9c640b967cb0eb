using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Time;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData("2026-11-20T14:03:00Z", "2026-11-20T14:03:00.0000000Z")]
    [InlineData("2026-11-20T14:03:00.1Z", "2026-11-20T14:03:00.1000000Z")]
    [InlineData("2026-11-20T14:03:00.12Z", "2026-11-20T14:03:00.1200000Z")]
    [InlineData("2026-11-20T14:03:00.123Z", "2026-11-20T14:03:00.1230000Z")]
    [InlineData("2026-11-20T14:03:00.1234Z", "2026-11-20T14:03:00.1234000Z")]
    [InlineData("2026-11-20T14:03:00.12345Z", "2026-11-20T14:03:00.1234500Z")]
    [InlineData("2026-11-20T14:03:00.123456Z", "2026-11-20T14:03:00.1234560Z")]
    [InlineData("2026-11-20T14:03:00.1234567Z", "2026-11-20T14:03:00.1234567Z")]
    [InlineData("2026-11-20T14:03:00.12345678Z", "2026-11-20T14:03:00.123456780Z")]
    [InlineData("2026-11-20T14:03:00.123456789Z", "2026-11-20T14:03:00.123456789Z")]
    [InlineData("2026-11-20T14:03:00.000000001Z", "2026-11-20T14:03:00.000000001Z")]
    [InlineData("2026-11-20t14:03:00z", "2026-11-20T14:03:00.0000000Z")]
    [InlineData("2026-11-20 14:03:00Z", "2026-11-20T14:03:00.0000000Z")]
    [InlineData("2026-11-20T14:03:00+02:00", "2026-11-20T12:03:00.0000000Z")]
    [InlineData("2026-11-20T14:03:00-05:30", "2026-11-20T19:33:00.0000000Z")]
    [InlineData("2026-11-20T14:03:00-00:00", "2026-11-20T14:03:00.0000000Z")]
    [InlineData("2026-11-20T14:03:00.123456789+23:59", "2026-11-19T14:04:00.123456789Z")]
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.0000000Z")]
    [InlineData("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.0000000Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z")]
    [InlineData("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z")]
    public void a_time_is_read_to_the_nanosecond(string text, string expected)
    {
        Assert.True(Rfc3339.TryParse(text, out var time));
        Assert.Equal(expected, Rfc3339.Format(time));
        Assert.True(Rfc3339.TryParse(Rfc3339.Format(time), out var again));
        Assert.Equal(time, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("2026-11-20")]
    [InlineData("2026-11-20T14:03:00")]
    [InlineData("2026-11-20T14:03Z")]
    [InlineData("2026-11-20T14:03:00.Z")]
    [InlineData("2026-11-20T14:03:00.1234567890Z")]
    [InlineData("2026-11-20T14:03:00,5Z")]
    [InlineData("2026-11-20T14:03:00+0200")]
    [InlineData("2026-11-20T14:03:00+02")]
    [InlineData("2026-11-20T14:03:00+24:00")]
    [InlineData("2026-11-20T14:03:00+02:60")]
    [InlineData("2026-11-20T14:03:00ZZ")]
    [InlineData("2026-11-20T24:00:00Z")]
    [InlineData("2026-11-20T14:60:00Z")]
    [InlineData("2026-11-20T14:03:61Z")]
    [InlineData("2026-13-01T00:00:00Z")]
    [InlineData("2026-00-01T00:00:00Z")]
    [InlineData("2026-02-29T00:00:00Z")]
    [InlineData("2026-11-00T00:00:00Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:60Z")]
    [InlineData("9999-12-31T23:59:59-00:01")]
    [InlineData("+2026-11-20T14:03:00Z")]
    [InlineData("２０２６-11-20T14:03:00Z")]
    [InlineData("2026-11-20T14:03:00.123456789+02:00 and more than fits")]
    public void what_is_no_time_is_not_read_as_one(string text) => Assert.False(Rfc3339.TryParse(text, out _));

    [Fact]
    public void nine_digits_order_where_seven_would_not()
    {
        Assert.True(Rfc3339.TryParse("2026-11-20T14:03:00.123456788Z", out var earlier));
        Assert.True(Rfc3339.TryParse("2026-11-20T14:03:00.123456789Z", out var later));

        Assert.True(earlier < later);
        Assert.Equal(later, earlier.Next());
    }

    [Fact]
    public void the_next_moment_goes_over_every_border()
    {
        Assert.Equal(new Timestamp(8, 0), new Timestamp(7, 99).Next());
        Assert.Equal(Timestamp.Latest, Timestamp.Latest.Next());
        Assert.Equal(Timestamp.Latest, Timestamp.Latest.Add(TimeSpan.FromTicks(1)));
        Assert.Equal(Timestamp.Latest, Say.At(0).Add(TimeSpan.MaxValue));
    }
}
