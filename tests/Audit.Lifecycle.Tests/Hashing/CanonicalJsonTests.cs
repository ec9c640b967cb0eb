using System.Buffers;
using System.Text;

namespace Audit.Lifecycle.Tests.Hashing;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{ "b" : 1.0, "a" : [ true, null ] }""", """{"a":[true,null],"b":1}""")]
    [InlineData("""{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}""",
        "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,\"\ufb33\":3}")]
    [InlineData("""["\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"]""", """["€$\u000f\nA'B\"\\\\\"/"]""")]
    [InlineData("[333333333.333333, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]", "[333333333.333333,1e+30,4.5,0.002,1e-27]")]
    [InlineData("[-0, -0.0, 0e5, 1e21, 1e20, 123456e-12, 1e-7, -12.50]", "[0,0,0,1e+21,100000000000000000000,1.23456e-7,1e-7,-12.5]")]
    [InlineData("[9007199254740993]", "[9007199254740993]")]
    [InlineData("[1e-400, 1e-401, 0.0e-400, 5e-324, 4e-324]", "[1e-400,1e-401,0,5e-324,4e-324]")]
    [InlineData("{}", "{}")]
    public void json_is_written_in_one_way(string written, string canonical)
    {
        var buffer = new ArrayBufferWriter<byte>();
        CanonicalJson.Write(Encoding.UTF8.GetBytes(written), buffer);

        Assert.Equal(canonical, Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
