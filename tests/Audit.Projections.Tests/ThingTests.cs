using Audit.Projections.Facts;

namespace Audit.Projections.Tests;

/// <summary>What inputs name.</summary>
public sealed class ThingTests
{
    [Theory]
    [InlineData("sql.query", """{"sql":"SELECT * FROM customers c JOIN public.orders o ON o.c = c.id"}""", "r table:customers", "r table:public.orders")]
    [InlineData("sql.query", """{"sql":"select 1 from a x, b as y, \"C\" where x.t = 'from nowhere'"}""", "r table:a", "r table:b", "r table:c")]
    [InlineData("sql.execute", """{"sql":"UPDATE orders SET region = 'eu' WHERE id = 4711"}""", "w table:orders")]
    [InlineData("sql.execute", """{"sql":"delete from carts"}""", "w table:carts")]
    [InlineData("sql.execute", """{"sql":"INSERT INTO log SELECT * FROM events"}""", "w table:log", "r table:events")]
    [InlineData("sql.execute", """{"sql":"ALTER TABLE orders ADD COLUMN region text"}""", "w table:orders")]
    [InlineData("sql.execute", """{"sql":"CREATE INDEX orders_region ON orders (region)"}""", "w table:orders")]
    [InlineData("sql.query", """{"sql":"WITH late AS (SELECT id FROM orders) SELECT * FROM late -- FROM comments"}""", "r table:orders")]
    [InlineData("search", """{"query":"where do refunds come from"}""")]
    [InlineData("read_file", """{"path":"/etc/passwd"}""", "r file:/etc/passwd")]
    [InlineData("write_file", """{"path":"docs/a.md","content":"read from customers"}""", "w file:docs/a.md")]
    [InlineData("git.commit", """{"message":"x","files":["a.sql","b.sql"]}""", "w file:a.sql", "w file:b.sql")]
    [InlineData("bash", """{"command":"cat a.txt && rm -rf /tmp/b > log.txt"}""", "r file:a.txt", "w file:/tmp/b", "w file:log.txt")]
    [InlineData("shell", """{"command":"psql shop -c 'VACUUM ANALYZE orders'"}""", "w table:orders")]
    [InlineData("bash", """{"command":"sudo npm install --save left-pad@1.0 @types/node"}""", "w package:left-pad@1.0", "w package:@types/node")]
    [InlineData("bash", """{"command":"curl -X POST https://api.example.com/v1/x?key=secret -d a=1"}""", "w url:https://api.example.com/v1/x", "w host:api.example.com")]
    [InlineData("http.get", """{"url":"https://example.com/a?token=1"}""", "r url:https://example.com/a", "r host:example.com")]
    [InlineData("http.post", """{"url":"https://example.com/a"}""", "w url:https://example.com/a", "w host:example.com")]
    [InlineData("any", "null")]
    [InlineData("any", """{"a":{"b":[1,true,null,"plain words"]}}""")]
    public void a_thing_is_what_an_input_names(string tool, string input, params string[] things) =>
        Assert.Equal(
            things.Order(), Things.Of(tool, System.Text.Encoding.UTF8.GetBytes(input)).Select(one => $"{(one.IsWritten ? 'w' : 'r')} {one.Name}").Order());

    [Fact]
    public void an_input_of_a_stranger_names_no_more_than_so_many_and_takes_no_long_time()
    {
        var many = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { files = Enumerable.Range(0, 1000).Select(one => $"f{one}") });
        Assert.Equal(24, Things.Of("read", many).Count);
        foreach (var part in new[] { "/*", "from a ", "grant ", "update a,", "'", "\"", "create index ", "https://", "> " })
        {
            var much = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { sql = "select " + string.Concat(Enumerable.Repeat(part, 50_000)), command = string.Concat(Enumerable.Repeat(part, 50_000)) });
            Assert.True(Things.Of("bash", much).Count <= 24);
        }
    }
}
