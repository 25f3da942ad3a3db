// Package block knows how Linux stacks block devices: which are drives and what
// sysfs says of them, by which names the kernel speaks of them, what
// is mounted where, and which drives lie below a partition, a volume of LVM,
// an encrypted volume or an array.
//
// It owns the forms of /proc/self/mountinfo, sysfs and udev's database as far
// as they tell that. It must not know sections; drives and volumes are
// gathered elsewhere and meet here. On other systems nothing of it is there,
// so everything it is asked comes back empty.
package block

// Dev is the number of a block device, as the kernel writes it: 259:3.
type Dev string
