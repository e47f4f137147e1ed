/* Entries of debugfs that are there already */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>

static struct dentry *dir;
static u32 value = 7;
static bool flag;
static int get(void *data, u64 *v)
{
	*v = value;
	return 0;
}
static int set(void *data, u64 v)
{
	return v > 9 ? -ERANGE : 0;
}
DEFINE_SIMPLE_ATTRIBUTE(fops, get, set, "%llu\n");
static int __init start(void)
{
	struct dentry *d;

	dir = debugfs_create_dir("kloomdir", NULL);
	pr_info("dir %d\n", PTR_ERR_OR_ZERO(dir));
	d = debugfs_create_dir("kloomdir", NULL);
	pr_info("same dir %d\n", PTR_ERR_OR_ZERO(d));
	d = debugfs_create_file("one", 0644, d, NULL, &fops);
	pr_info("below an error %d\n", PTR_ERR_OR_ZERO(d));
	d = debugfs_create_file("one", 0644, dir, NULL, &fops);
	pr_info("file %d\n", PTR_ERR_OR_ZERO(d));
	d = debugfs_create_file("one", 0644, dir, NULL, &fops);
	pr_info("same file %d\n", PTR_ERR_OR_ZERO(d));
	debugfs_create_u32("value", 0644, dir, &value);
	debugfs_create_bool("flag", 0644, dir, &flag);
	d = debugfs_create_symlink("link", dir, "one");
	pr_info("link %d\n", PTR_ERR_OR_ZERO(d));
	pr_info("lookup %d none %d\n", !!debugfs_lookup("kloomdir", NULL), debugfs_lookup("nosuch", dir) == NULL);
	debugfs_remove(NULL);
	debugfs_remove(ERR_PTR(-ENOENT));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	debugfs_remove_recursive(dir);
}
module_exit(finish);
MODULE_LICENSE("GPL");
